package company

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// numeric are the fields that hold numbers: a CSV does not tell.
var numeric = map[string]bool{"health_score": true, "arr": true, "dau": true, "wau": true, "nps": true, "score": true, "engagement": true,
	"days_to_renewal": true, "old_score": true, "new_score": true}

// emptyIsNull are the texts of an output that are null when they are empty, in a CSV.
var emptyIsNull = map[string]bool{"primary_tag": true}

// Check gives the checksum of an output file that must have exactly these fields, in any order.
func Check(path string, fields []string) (Sum, error) {
	f, err := os.Open(path)
	if err != nil {
		return Sum{}, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	if strings.HasSuffix(path, ".csv") {
		return checkCSV(in, fields)
	}
	return checkJSON(in, fields)
}

func checkJSON(in io.Reader, fields []string) (s Sum, err error) {
	dec := json.NewDecoder(in)
	row := make([]any, len(fields))
	for {
		record := make(map[string]any, len(fields))
		if err := dec.Decode(&record); errors.Is(err, io.EOF) {
			return s, nil
		} else if err != nil {
			return s, fmt.Errorf("record %d: %w", s.Rows+1, err)
		}
		if len(record) != len(fields) {
			return s, fmt.Errorf("record %d has %d fields, not %d", s.Rows+1, len(record), len(fields))
		}
		for i, name := range fields {
			v, ok := record[name]
			if !ok {
				return s, fmt.Errorf("record %d lacks %s", s.Rows+1, name)
			}
			row[i] = v
		}
		s.Add(row)
	}
}

func checkCSV(in io.Reader, fields []string) (s Sum, err error) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return s, err
	}
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	if len(column) != len(fields) {
		return s, fmt.Errorf("the file has %d columns, not %d", len(column), len(fields))
	}
	for _, name := range fields {
		if _, ok := column[name]; !ok {
			return s, fmt.Errorf("the file lacks the column %s", name)
		}
	}
	row := make([]any, len(fields))
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		} else if err != nil {
			return s, err
		}
		for i, name := range fields {
			if row[i], err = cellValue(name, record[column[name]]); err != nil {
				return s, fmt.Errorf("record %d: %s: %w", s.Rows+1, name, err)
			}
		}
		s.Add(row)
	}
}

func cellValue(name, text string) (any, error) {
	switch {
	case text == "" && (numeric[name] || emptyIsNull[name]):
		return nil, nil
	case numeric[name]:
		return strconv.ParseFloat(text, 64)
	}
	return text, nil
}
