package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Report is what Check found.
type Report struct {
	Path    string           `json:"path"`
	Version int              `json:"version"`
	Rows    map[string]int64 `json:"rows"`
	// Problems are what is wrong, by SQLite's own findings and by what tables say of each other; none: the file is sound.
	Problems []string `json:"problems"`
}

// Check reads the whole file and verifies its structure.
func (s *Store) Check(ctx context.Context) (Report, error) {
	r := Report{Path: s.path, Rows: map[string]int64{}, Problems: []string{}}
	if err := s.read.QueryRowContext(ctx, "PRAGMA user_version").Scan(&r.Version); err != nil {
		return r, s.explain(err)
	}
	rows, err := s.read.QueryContext(ctx, "PRAGMA integrity_check")
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return r, nil
	}
	defer rows.Close()
	for rows.Next() {
		var finding string
		if err := rows.Scan(&finding); err != nil {
			return r, s.explain(err)
		}
		if finding != "ok" {
			r.Problems = append(r.Problems, finding)
		}
	}
	if err := rows.Err(); err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
	for _, t := range tables {
		var n int64
		if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM "+t).Scan(&n); err != nil {
			r.Problems = append(r.Problems, t+": "+err.Error())
			continue
		}
		r.Rows[t] = n
	}
	r.Problems = append(r.Problems, mismatches(ctx, s.read)...)
	return r, nil
}

// mismatches are tables that do not say the same, which SQLite knows nothing of.
func mismatches(ctx context.Context, q querier) (found []string) {
	for _, m := range []struct{ table, what, count string }{
		{"record_at", "record: %d rows that record_at and record_new do not find as they should", recordsNotFound},
		{"record_at", "record_at and record_new: %d rows more or less than records have", rowsTooMany},
		{"ledger_at", "ledger: %d entries more or less than ledger_at finds", entriesNotFound},
		{"ledger_at", "ledger_at: %d rows of no entry", "SELECT count(*) FROM ledger_at WHERE id NOT IN (SELECT id FROM ledger)"},
		{"renewed", "renewed: %d rows of no record", "SELECT count(*) FROM renewed WHERE " + ofNoRecord},
	} {
		if !has(ctx, q, m.table) {
			continue // it came with a later version
		}
		var n int64
		if err := q.QueryRowContext(ctx, m.count).Scan(&n); err != nil {
			found = append(found, err.Error())
		} else if n != 0 {
			found = append(found, fmt.Sprintf(m.what, n))
		}
	}
	return found
}

// Export writes everything as JSON lines: {"table":"record","row":{…}}. Blobs are base64, times microseconds since 1970.
func (s *Store) Export(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for _, t := range tables {
		if err := s.exportTable(ctx, enc, t); err != nil {
			return s.explain(err)
		}
	}
	return out.Flush()
}

func (s *Store) exportTable(ctx context.Context, enc *json.Encoder, table string) error {
	query := "SELECT * FROM " + table
	switch table {
	case "record": // as they are, and not as they were before they were renewed
		query = "SELECT r.source_key, r.target_key, " + recordColumns + " FROM record r" + renewedToo
	case "renewed":
		return nil
	}
	rows, err := s.read.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, err := scanAny(rows, len(names))
		if err != nil {
			return err
		}
		row := map[string]any{}
		for i, n := range names {
			row[n] = values[i]
			// Documents are shown as documents, not as texts of documents.
			if text, ok := values[i].(string); ok && n == "data" && json.Valid([]byte(text)) {
				row[n] = json.RawMessage(text)
			}
		}
		if err := enc.Encode(map[string]any{"table": table, "row": row}); err != nil {
			return err
		}
	}
	return rows.Err()
}

func scanAny(rows *sql.Rows, n int) ([]any, error) {
	values, places := make([]any, n), make([]any, n)
	for i := range values {
		places[i] = &values[i]
	}
	return values, rows.Scan(places...)
}

// Repair saves what can be read of a damaged state into a new file, puts it in the damaged one's place, and keeps
// that one beside it under the name it returns. A sound file is left as it is, and kept is "". saved counts the rows carried over; lost tells of tables that
// could not be read to their end.
func Repair(ctx context.Context, path string) (kept string, saved int64, lost []string, err error) {
	held, err := acquire(path+".lock", "syncline state repair")
	if err != nil {
		return "", 0, nil, err
	}
	defer held.release()
	fresh := path + ".repaired"
	discard := func() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(fresh + suffix)
		}
	}
	discard()
	defer func() {
		if err != nil && kept == "" {
			discard() // the disk may be full of it
		}
	}()
	if sound(ctx, path) {
		return "", 0, nil, nil
	}
	// Otherwise SQLite reads nothing at all of a file that is shorter than it says of itself.
	source, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=writable_schema(1)")
	if err != nil {
		return "", 0, nil, err
	}
	defer source.Close()
	target, err := openAt(ctx, fresh, Options{}, versionOf(ctx, source))
	if err != nil {
		return "", 0, nil, err
	}
	defer target.Close()
	for _, t := range tables {
		if !has(ctx, target.write, t) {
			continue // it came with a later version
		}
		n, unread, err := copyTable(ctx, source, target.write, t)
		if err != nil {
			return "", 0, nil, fmt.Errorf("nothing was changed, what can be read of %s cannot be saved: %w", t, target.explain(err))
		}
		saved += n
		if unread != nil {
			lost = append(lost, fmt.Sprintf("%s: %d rows saved, not all: %v", t, n, unread))
		}
	}
	orphans, err := target.salvage(ctx)
	lost = append(lost, orphans...)
	if err := errors.Join(err, source.Close(), target.Close()); err != nil {
		return "", saved, lost, err
	}
	kept = path + ".damaged-" + time.Now().UTC().Format("20060102T150405")
	for _, suffix := range []string{"-wal", "-shm"} {
		os.Rename(path+suffix, kept+suffix)
	}
	if err := os.Rename(path, kept); err != nil {
		return "", saved, lost, err
	}
	return kept, saved, lost, os.Rename(fresh, path)
}

// sound tells whether a file is a state, of whatever version, in which neither SQLite nor we find a fault.
func sound(ctx context.Context, path string) bool {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		return false
	}
	defer db.Close()
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version < 1 {
		return false
	}
	var finding string
	err = db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&finding)
	return err == nil && finding == "ok" && len(mismatches(ctx, db)) == 0
}

// versionOf is the version that a damaged file seems to be of: its rows fit into no other.
func versionOf(ctx context.Context, db *sql.DB) (version int) {
	err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err != nil || version < 1 || version > len(migrations) {
		return len(migrations)
	}
	return version
}

func has(ctx context.Context, q querier, table string) bool {
	var n int
	err := q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", table).Scan(&n)
	return err == nil && n > 0
}
