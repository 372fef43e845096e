package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

func (a *app) deadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead",
		Short: "What could not be processed: list it, look at it, try again",
		Long: `Jobs and scans that could not be processed are dead letters: a job that failed
in every attempt, one that killed every worker that took it, a message that
cannot be read. Nothing waits for them: their projects are free for new jobs.
A letter keeps what it was, where it came from and why it was given up, until
it is requeued or dropped; the oldest go when there are 100,000.`,
		Example: `  prevalence dead list
  prevalence dead requeue --all`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.deadListCommand(), a.deadShowCommand(),
		a.deadEachCommand("requeue", "Put dead letters back to where they came from", `Publishes each letter again to where it came from and forgets it here. A job is
tried as often as a new one. It stays dead while its project has a newer job out:
that one does what the dead one would.`, (*queue.Conn).Requeue),
		a.deadEachCommand("drop", "Forget dead letters", `Forgets each letter. A dropped job's project is found again when it changes, or
by "prevalence rescan".`, func(c *queue.Conn, ctx context.Context, d queue.Dead) error { return c.Drop(ctx, d.Seq) }))
	return cmd
}

// letter is a dead letter as it is shown.
type letter struct {
	Number   uint64          `json:"number"`
	At       time.Time       `json:"at"`
	Stream   string          `json:"stream"`
	Project  string          `json:"project"`
	Attempts int             `json:"attempts"`
	Reason   string          `json:"reason"`
	Content  json.RawMessage `json:"content,omitempty"` // nil where it is no JSON, or not shown
}

func letterOf(d queue.Dead) letter {
	l := letter{Number: d.Seq, At: d.At.UTC(), Stream: d.Stream, Attempts: d.Attempts, Reason: d.Reason}
	content, project := d.Data, ""
	if s, err := message.DecodeScan(d.Data); err == nil {
		project = s.Project
		content, _ = json.Marshal(s) //nolint:errcheck // it was decoded from JSON
	} else {
		var j message.Job
		if json.Unmarshal(d.Data, &j) == nil {
			project = j.Project
		}
	}
	if project == "" { // the subject spells it, more or less
		_, project, _ = strings.Cut(d.Subject, ".")
	}
	l.Project = project
	if json.Valid(content) {
		l.Content = content
	}
	return l
}

func (a *app) deadListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what could not be processed, the oldest first",
		Long: `Lists the dead letters: the number by which the other commands know each, when
it was given up, after how many attempts, and why.`,
		Example: `  prevalence dead list
  prevalence dead list --show 1000 --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			limit, err := cmd.Flags().GetInt("show")
			if err != nil {
				return err
			}
			return a.askBroker(cmd, func(ctx context.Context, c *config, conn *queue.Conn) error {
				dead, err := conn.Dead(ctx, limit)
				if err != nil {
					return err
				}
				backlog, err := conn.Backlog(ctx)
				if err != nil {
					return err
				}
				letters := make([]letter, len(dead))
				for i, d := range dead {
					letters[i] = letterOf(d)
					letters[i].Content = nil
				}
				return deadSheet(letters, backlog.Dead).print(a.out, c.Format)
			})
		},
	}
	addFlags(cmd.Flags(), brokerKeys...)
	cmd.Flags().Int("show", 100, "list at most `n` letters")
	return cmd
}

func deadSheet(letters []letter, all uint64) sheet {
	s := sheet{value: letters, columns: []column{
		{title: "Number", key: "number", number: true}, {title: "Given up", key: "at"}, {title: "From", key: "stream"},
		{title: "Project", key: "project"}, {title: "Attempts", key: "attempts", number: true}, {title: "Reason", key: "reason"},
	}}
	for _, l := range letters {
		s.rows = append(s.rows, []string{strconv.FormatUint(l.Number, 10), l.At.Format(time.DateTime), l.Stream, l.Project, strconv.Itoa(l.Attempts), l.Reason})
	}
	switch {
	case all == 0:
		s.notes = []string{"There are no dead letters."}
	case all > uint64(len(letters)):
		s.notes = []string{"", fmt.Sprintf("%d of %d; --show N lists more.", len(letters), all)}
	}
	return s
}

func (a *app) deadShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show NUMBER",
		Short: "Show one dead letter with its content",
		Long: `Prints everything that is known of a dead letter as JSON: the job or scan as it
was, and why it was given up. Content that is no JSON is left out.`,
		Example: `  prevalence dead show 1795501285665463`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := letterNumber(args[0])
			if err != nil {
				return err
			}
			return a.askBroker(cmd, func(ctx context.Context, _ *config, conn *queue.Conn) error {
				d, err := deadLetter(ctx, conn, number)
				if err != nil {
					return err
				}
				return printJSON(a.out, letterOf(d))
			})
		},
	}
	addFlags(cmd.Flags(), append([]string{"data"}, brokerLogin...)...)
	return cmd
}

// deadEachCommand is a command that does something with dead letters.
func (a *app) deadEachCommand(name, short, long string, do func(*queue.Conn, context.Context, queue.Dead) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:     name + " [NUMBER…]",
		Short:   short,
		Long:    long,
		Example: "  prevalence dead " + name + " 1795501285665463\n  prevalence dead " + name + " --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := cmd.Flags().GetBool("all")
			if err != nil {
				return err
			}
			if all != (len(args) == 0) {
				return usage(fmt.Errorf("name dead letters by number, or give --all; 'prevalence dead list' shows them"))
			}
			numbers := make([]uint64, len(args))
			for i, arg := range args {
				if numbers[i], err = letterNumber(arg); err != nil {
					return err
				}
			}
			return a.askBroker(cmd, func(ctx context.Context, _ *config, conn *queue.Conn) error {
				return a.eachDead(ctx, conn, name, numbers, do)
			})
		},
	}
	addFlags(cmd.Flags(), append([]string{"data"}, brokerLogin...)...)
	cmd.Flags().Bool("all", false, "every dead letter there is")
	return cmd
}

// eachDead does something with the letters of these numbers, with all of them
// when there are none, and says how many there were. One that cannot be done
// stays, and does not keep the others from it.
func (a *app) eachDead(ctx context.Context, conn *queue.Conn, name string, numbers []uint64, do func(*queue.Conn, context.Context, queue.Dead) error) error {
	var dead []queue.Dead
	for _, n := range numbers {
		d, err := deadLetter(ctx, conn, n)
		if err != nil {
			return err
		}
		dead = append(dead, d)
	}
	if len(numbers) == 0 {
		var err error
		if dead, err = conn.Dead(ctx, maxLetters); err != nil {
			return err
		}
	}
	done := 0
	var failed error
	for _, d := range dead {
		switch err := do(conn, ctx, d); {
		case err == nil:
			done++
		case ctx.Err() != nil:
			return err
		default:
			_, _ = fmt.Fprintf(a.errs, "%d stays: %s\n", d.Seq, errorLine(err))
			failed = errors.Join(failed, err)
		}
	}
	past := map[string]string{"requeue": "requeued", "drop": "dropped"}[name]
	if _, err := fmt.Fprintf(a.out, "%d of %d %s\n", done, len(dead), past); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("%d dead letters stay", len(dead)-done)
	}
	return nil
}

// maxLetters is how many the broker keeps.
const maxLetters = 100_000

func letterNumber(arg string) (uint64, error) {
	n, err := strconv.ParseUint(arg, 10, 64)
	if err != nil {
		return 0, usage(fmt.Errorf("%q is no number of a dead letter; 'prevalence dead list' shows them", arg))
	}
	return n, nil
}

func deadLetter(ctx context.Context, conn *queue.Conn, number uint64) (queue.Dead, error) {
	d, err := conn.DeadLetter(ctx, number)
	if errors.Is(err, queue.ErrNotFound) {
		return d, errNoData{fmt.Sprintf("there is no dead letter %d; 'prevalence dead list' shows those that are there", number)}
	}
	return d, err
}
