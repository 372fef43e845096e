package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is the release of this build; the linker sets it (-X main.version).
var version = ""

// app is what the commands share: the streams, and nothing that changes.
type app struct {
	in        *os.File
	out, errs io.Writer
}

const rootHelp = `How common is it?

prevalence crawls a Python package index, looks inside the distributions
without running them, and says for every behaviour how many packages of the
Top 100, Top 1k, Top 10k and of the whole community show it.

Start here:
  prevalence up --index DIR --until-idle   scan a folder of wheels and sdists
  prevalence up --top 1000 --until-idle    scan the Top 1000 of PyPI
  prevalence query top --by category       the table of what was found
  prevalence report requests               one project's page
  prevalence scan ./dist                   look at files of your own, no server

Settings: every flag is also an environment variable and a key of the
configuration file under the same name (--until-idle, PREVALENCE_UNTIL_IDLE,
until-idle). "prevalence config" prints what is in force.

Exit codes:
  0    done
  1    failed on the way
  2    the command line, a setting or a named file is wrong; nothing was started
  3    the index, the broker, the database or the engine cannot be reached
  4    nothing to answer with: no such project, or no snapshot yet
  5    a rule is more common than "rules try --fail-over" allows
  6    a scan of your own code found what "scan --fail-on" names
  130  interrupted`

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "prevalence",
		Short:         "How common is a behaviour among Python packages?",
		Long:          rootHelp,
		Version:       buildVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().String("config", "", "configuration `file` (default "+defaultConfigFile()+", if it exists)")
	addFlags(root.PersistentFlags(), "log-level", "log-format")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see '%s --help'", err, cmd.CommandPath()))
	})
	root.SuggestionsMinimumDistance = 2
	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Run the pipeline:"},
		&cobra.Group{ID: "ask", Title: "Ask:"},
		&cobra.Group{ID: "keep", Title: "Look after it:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("keep", a.rankingCommand(), a.rescanCommand(), a.deadCommand())
	add("run", a.upCommand(), a.crawlCommand(), a.workCommand(), a.aggregateCommand(), a.demoCommand(), a.benchCommand())
	add("ask", a.queryCommand(), a.reportCommand(), a.scanCommand(), a.rulesCommand(), a.exportCommand(), a.annotateCommand(), a.serveCommand())
	add("keep", a.statusCommand(), a.rematchCommand(), a.malwareCommand(), a.gcCommand(), a.forgetCommand(), a.doctorCommand(), a.configCommand(), a.engineCommand(), a.migrateCommand())
	refuseStrayArguments(root)
	return root
}

// refuseStrayArguments says in our words what cobra finds wrong with the
// arguments of c and of every command below it: a usage error in one line.
func refuseStrayArguments(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if check(cmd, args) == nil {
				return nil
			}
			return usage(errors.New(argumentError(cmd, args)))
		}
	}
	for _, child := range c.Commands() {
		refuseStrayArguments(child)
	}
}

func argumentError(cmd *cobra.Command, args []string) string {
	path := cmd.CommandPath()
	if cmd.HasSubCommands() {
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return fmt.Sprintf("there is no command '%s %s'; did you mean '%s %s'?", path, args[0], path, near[0])
		}
		return fmt.Sprintf("there is no command '%s %s'; '%s --help' lists them", path, args[0], path)
	}
	want, takes := strings.CutPrefix(cmd.Use, cmd.Name()+" ")
	if !takes {
		return fmt.Sprintf("'%s' takes no argument, and was given %q; see '%s --help'", path, args[0], path)
	}
	return fmt.Sprintf("'%s' takes %s, and was given %d arguments; see '%s --help'", path, want, len(args), path)
}

// buildVersion is the linker's version, else the module's, else "dev".
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
