package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// sheet is a result that can be printed in any of the output formats.
type sheet struct {
	columns []column
	rows    [][]string // a cell a column; nil: an empty line
	before  []string   // lines above a table; the other formats have them in value
	notes   []string   // lines that a table is followed by; the other formats have them in value
	value   any        // what --format json prints
	// headless leaves the header of a CSV out: the sheet goes on where one ended.
	headless bool
}

// column is one column of a sheet.
type column struct {
	title   string // in a table
	key     string // in CSV
	number  bool   // aligned to the right
	width   int    // in a table a longer cell is cut; 0: never
	csvOnly bool   // too much for a table
	eyeOnly bool   // made up for a table; other columns have it for programs
}

// print writes s to w in the given format: table, csv or json.
func (s sheet) print(w io.Writer, format string) error {
	switch format {
	case "json":
		return printJSON(w, s.value)
	case "csv":
		return s.printCSV(w)
	}
	return s.printTable(w)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (s sheet) printCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	var header []string
	for _, col := range s.columns {
		if !col.eyeOnly {
			header = append(header, col.key)
		}
	}
	if !s.headless {
		if err := c.Write(header); err != nil {
			return err
		}
	}
	for _, row := range s.rows {
		if row == nil {
			continue // an empty line is for the eye
		}
		var cells []string
		for i, cell := range row {
			if !s.columns[i].eyeOnly {
				cells = append(cells, cell)
			}
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func (s sheet) printTable(w io.Writer) error {
	for _, line := range s.before {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	t.SetStyle(style)
	var header table.Row
	var configs []table.ColumnConfig
	for _, col := range s.columns {
		if col.csvOnly {
			continue
		}
		header = append(header, col.title)
		config := table.ColumnConfig{Number: len(header)}
		if col.number {
			config.Align, config.AlignHeader = text.AlignRight, text.AlignRight
		}
		configs = append(configs, config)
	}
	t.SetColumnConfigs(configs)
	t.AppendHeader(header)
	for _, row := range s.rows {
		t.AppendRow(s.visible(row))
	}
	for line := range strings.Lines(t.Render()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	for _, note := range s.notes {
		if _, err := fmt.Fprintln(w, note); err != nil {
			return err
		}
	}
	return nil
}

// visible are the cells of a row that a table shows. A nil row is an empty line.
func (s sheet) visible(row []string) table.Row {
	var cells table.Row
	for i, cell := range row {
		if col := s.columns[i]; !col.csvOnly {
			cells = append(cells, shorten(cell, col.width))
		}
	}
	if cells == nil {
		cells = table.Row{""}
	}
	return cells
}

// shorten cuts s to width characters; 0 for no limit.
func shorten(s string, width int) string {
	runes := []rune(s)
	if width == 0 || len(runes) <= width {
		return s
	}
	return string(runes[:width-1]) + "…"
}
