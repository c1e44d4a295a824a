package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/lang/expr"
)

func newEval(a *app) *cobra.Command {
	var record, engine, zone string
	var lines bool
	c := &cobra.Command{
		Use:   "eval ['EXPR']",
		Short: "Evaluate an expression, as a rule would",
		Long: `Evaluates one expression. The fields of the record in --record (JSON) are variables, and source holds all of them:

  syncline eval 'round(7.0 / 2.0, 0)'
  syncline eval --record acme.json 'source.WAU > 0 ? source.DAU / source.WAU : null'

With --jsonl it reads lines {"expr":"…","vars":{…}} from standard input and answers each with {"value":…} or {"error":"…"}.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o, err := evalOptions(engine, zone)
			if err != nil {
				return err
			}
			if lines {
				if len(args) > 0 {
					return errors.New("--jsonl reads the expressions from standard input: leave the argument out")
				}
				return a.evalLines(o)
			}
			if len(args) == 0 {
				return errors.New("write the expression as an argument, in single quotes, or use --jsonl")
			}
			vars, err := readRecord(record)
			if err != nil {
				return err
			}
			v, err := expr.Evaluate(args[0], vars, o)
			if err != nil {
				return &exitError{exitProblems, err}
			}
			return printJSON(a.out, v)
		},
	}
	c.Flags().StringVar(&record, "record", "", "a `FILE` with one JSON object: the record")
	c.Flags().StringVar(&engine, "engine", "closures", "closures (as rules run) or cel (the reference)")
	c.Flags().StringVar(&zone, "timezone", "UTC", "the rule's time zone")
	c.Flags().BoolVar(&lines, "jsonl", false, "read lines of JSON from standard input")
	return c
}

func evalOptions(engine, zone string) (expr.EvalOptions, error) {
	o := expr.EvalOptions{Now: time.Now()}
	switch engine {
	case "closures":
	case "cel":
		o.Reference = true
	default:
		return o, fmt.Errorf("--engine %s is not known: write closures or cel", engine)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return o, fmt.Errorf("--timezone %s is not known: write a name such as America/New_York", zone)
	}
	o.Zone = loc
	return o, nil
}

func readRecord(file string) (map[string]any, error) {
	if file == "" {
		return map[string]any{}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var record map[string]any
	if err := json.Unmarshal(data, &record); err != nil {
		return nil, fmt.Errorf("%s is not one JSON object: %w", file, err)
	}
	vars := map[string]any{"source": record}
	for name, v := range record {
		if name != "source" {
			vars[name] = v
		}
	}
	return vars, nil
}

// maxEvalLine bounds a line of --jsonl.
const maxEvalLine = 16 << 20

func (a *app) evalLines(o expr.EvalOptions) error {
	in := bufio.NewScanner(a.in)
	in.Buffer(make([]byte, 0, 64<<10), maxEvalLine)
	out := bufio.NewWriter(a.out)
	defer out.Flush()
	for in.Scan() {
		line := bytes.TrimSpace(in.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := printJSON(out, evalLine(line, o)); err != nil {
			return err
		}
		// An asker that waits for each answer before the next question must not wait for the buffer.
		if err := out.Flush(); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading standard input: %w", err)
	}
	return nil
}

func evalLine(line []byte, o expr.EvalOptions) map[string]any {
	var question struct {
		Expr *string        `json:"expr"`
		Vars map[string]any `json:"vars"`
	}
	if err := json.Unmarshal(line, &question); err != nil {
		return map[string]any{"error": "the line is not a JSON object: " + err.Error()}
	}
	if question.Expr == nil {
		return map[string]any{"error": `the line has no "expr"`}
	}
	v, err := expr.Evaluate(*question.Expr, question.Vars, o)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"value": v}
}
