// Package sqlite keeps the state of one machine in one SQLite file, with one writing process.
//
// The writer holds a lock file beside the database for as long as it runs; the lock goes with the
// process, however it ends. Commands that only look, or that change a dead letter's status, open the
// file beside it.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/state"
)

// Store is a state.Store in a SQLite file.
type Store struct {
	path     string
	volatile bool
	// file is the file as it was opened: it is written only while it is the one at path.
	file os.FileInfo
	// write has one connection, so that transactions queue here and not in SQLite's busy handler.
	write, read *sql.DB
	lock        *lock

	mu    sync.Mutex
	rules map[string]int64
	// digested is what is known of the digests of rules; forgotten when a transaction that may have changed it fails.
	digested map[int64]digested
	// phrases are the ids of texts that rows of the ledger refer to; forgotten likewise.
	phrases map[string]int64
	// fresh is what is known of record_new; forgotten likewise.
	fresh *newRows
	// newcomers are keys of records that a first load has added; forgotten likewise.
	newcomers *newcomers
}

var _ state.Store = (*Store)(nil)

// Options says how a state file is opened.
type Options struct {
	// Holder is what the lock says of us, such as "syncline run". "": open beside a holder, for commands
	// that look or mark dead letters.
	Holder string
	// MustExist refuses to create a new file.
	MustExist bool
	// Volatile keeps nothing safe from a power cut: for tests of specs, whose state goes with them.
	Volatile bool
}

// Open opens or creates the state file and brings it to this version.
// Errors wrap state.ErrHeld and state.ErrNewer, and say what to do.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	return openAt(ctx, path, o, len(migrations))
}

// openAt brings the file to a version that may be an older one.
func openAt(ctx context.Context, path string, o Options, version int) (*Store, error) {
	there, err := os.Stat(path)
	missing := errors.Is(err, os.ErrNotExist)
	switch {
	case missing && o.MustExist:
		return nil, fmt.Errorf("there is no state at %s: nothing has run there yet, or --state should name another file", path)
	case err == nil && there.Mode().IsRegular() && there.Size() == 0:
		return nil, fmt.Errorf("the state %s is empty, and Syncline leaves none empty: was a copy of it cut off? Put a backup in its place, or delete it to begin anew, as on the first day: %w",
			path, state.ErrEmpty)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the state cannot be made; where the project's folder cannot be written to, give --state PATH: %w", err)
	}
	s := &Store{path: path, volatile: o.Volatile, rules: map[string]int64{}, digested: map[int64]digested{}, phrases: map[string]int64{}}
	if o.Holder != "" {
		var err error
		if s.lock, err = acquire(path+".lock", o.Holder); err != nil {
			return nil, err
		}
	}
	if missing {
		if err := s.begin(ctx, version); err != nil {
			s.Close()
			return nil, s.explain(err)
		}
	}
	if err := s.open(ctx, version); err != nil {
		s.Close()
		return nil, s.explain(err)
	}
	return s, nil
}

// begin makes a new file beside its place and puts it there whole, so that a process that dies meanwhile leaves no empty one.
func (s *Store) begin(ctx context.Context, version int) error {
	made := &Store{path: s.path + ".new", volatile: s.volatile, lock: s.lock}
	if err := remove(made.path, made.path+"-wal", made.path+"-shm"); err != nil {
		return err
	}
	err := made.open(ctx, version)
	for _, db := range []*sql.DB{made.read, made.write} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	// What is left beside the place is of a file that somebody deleted, and would pass for changes of this one.
	err = errors.Join(err, remove(s.path+"-wal", s.path+"-shm"))
	if err == nil {
		err = place(made.path, s.path)
	}
	return errors.Join(err, remove(made.path, made.path+"-wal", made.path+"-shm"))
}

// place moves a file to where there is none, durably. One that is there by now stays.
func place(from, to string) error {
	switch err := os.Link(from, to); {
	case err == nil, errors.Is(err, os.ErrExist):
	default: // the file system has no links
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	if dir, err := os.Open(filepath.Dir(to)); err == nil {
		_ = dir.Sync() // not every system can
		return dir.Close()
	}
	return nil
}

// remove removes files that may not be there.
func remove(paths ...string) (err error) {
	for _, p := range paths {
		if rerr := os.Remove(p); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

func (s *Store) open(ctx context.Context, version int) error {
	var err error
	if s.write, err = connect(s.path, 16<<10, 1, s.volatile); err != nil {
		return err
	}
	if s.read, err = connect(s.path, 4<<10, 2, s.volatile); err != nil {
		return err
	}
	// The file holds business data: nobody else on the machine should read it.
	if err := s.write.PingContext(ctx); err != nil {
		return err
	}
	err = os.Chmod(s.path, 0o600)
	if err == nil {
		s.file, err = os.Stat(s.path)
	}
	if err != nil {
		return err
	}
	return s.migrate(ctx, version)
}

// connect opens a pool of n connections with a page cache of so many KiB each, which take twice that in memory.
func connect(path string, cache, n int, volatile bool) (*sql.DB, error) {
	// synchronous=FULL: a claim must be on the disk before the create is sent, power loss included.
	// The larger checkpoint nearly doubles the rate of random-key writes.
	pragmas := []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", fmt.Sprintf("cache_size(-%d)", cache),
		"wal_autocheckpoint(8000)", "temp_store(MEMORY)"}
	if volatile {
		pragmas[2] = "synchronous(OFF)"
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_txlock=immediate"
	for _, p := range pragmas {
		dsn += "&_pragma=" + p
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	return db, nil
}

// migrate brings the file to a version, unless it is there already.
func (s *Store) migrate(ctx context.Context, to int) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return fmt.Errorf("%w: %s is of version %d, this program knows up to %d; use the version that wrote it, or another --state",
			state.ErrNewer, s.path, version, len(migrations))
	}
	if version >= to {
		return nil
	}
	if version > 0 && s.lock == nil {
		// Beside a holder of the version before, which would no longer find what it reads and writes.
		held, err := acquire(s.path+".lock", fmt.Sprintf("a command that brings it to version %d", to))
		if err != nil {
			return fmt.Errorf("%s is of version %d, and only while nothing uses it can it be brought to version %d, which this program reads; stop what uses it and start that with this program: %w",
				s.path, version, to, err)
		}
		defer held.release()
	}
	for _, m := range migrations[version:to] {
		if _, err := tx.ExecContext(ctx, m); err != nil {
			return err
		}
		version++
		if move := moves[version]; move != nil {
			if err := move(ctx, tx); err != nil {
				return err
			}
		}
		crashpoint.Reach(crashpoint.MigrateWithin)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	defer crashpoint.Reach(crashpoint.MigrateAfter)
	return tx.Commit()
}

// Close gives the file and the lock back.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
		s.lock = nil
	}
	return errors.Join(errs...)
}

// explain adds what to do to the failures that a person can mend.
func (s *Store) explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk that holds the state %s is full: free some space and run again, nothing that was stored is lost: %w", s.path, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("the state %s is damaged or is no state: `syncline state repair` saves what can be read: %w", s.path, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return fmt.Errorf("the state %s cannot be opened for writing, check the permissions of it and its folder: %w", s.path, err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk that holds the state %s failed, nothing that was stored is lost: %w", s.path, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("the state %s is busy, another program is writing to it: %w", s.path, err)
	}
	return err
}

// inPlace refuses a file that is not at its path any more. What is written to it would be gone with this process, and
// whoever starts in the meantime would begin anew, beside us.
func (s *Store) inPlace() error {
	now, err := os.Stat(s.path)
	switch {
	case err == nil && os.SameFile(now, s.file):
		return nil
	case err == nil:
		return fmt.Errorf("the state %s was replaced by another file while it was in use: nothing is written until the file that was there is back, or until this process is started anew", s.path)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("the state %s was moved or deleted while it was in use: nothing is written until the file is back at its place; if it is lost, start this process anew, which begins without memory", s.path)
	}
	return fmt.Errorf("the state %s cannot be reached: %w", s.path, err)
}

// tx runs f in one writing transaction.
func (s *Store) tx(ctx context.Context, f func(*sql.Tx) error) error {
	if err := s.inPlace(); err != nil {
		return err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	defer tx.Rollback()
	if err = f(tx); err == nil {
		err = tx.Commit()
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		s.mu.Lock()
		clear(s.digested)
		clear(s.phrases)
		s.fresh, s.newcomers = nil, nil
		s.mu.Unlock()
	}
	return s.explain(err)
}

// ruleID gives the number that stands for a rule's name in the record table, 0 when it has none yet. What a transaction is
// about to store is not seen: a number that a rollback takes away, and another rule gets, must not be remembered.
func (s *Store) ruleID(ctx context.Context, rule string) (int64, error) {
	if id := s.knownRule(rule); id != 0 {
		return id, nil
	}
	id, err := readRule(ctx, s.read, rule)
	if err != nil || id == 0 {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[strings.Clone(rule)] = id
	return id, nil
}

// knownRule gives the number of a rule that is remembered, or 0.
func (s *Store) knownRule(rule string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules[rule]
}

func readRule(ctx context.Context, q querier, rule string) (id int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT id FROM rule WHERE name = ?", rule).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// makeRule gives the number of a rule in a transaction, which may have to make it.
func (s *Store) makeRule(ctx context.Context, tx *sql.Tx, rule string) (int64, error) {
	if id := s.knownRule(rule); id != 0 {
		return id, nil
	}
	id, err := readRule(ctx, tx, rule)
	if err != nil || id != 0 {
		return id, err
	}
	err = tx.QueryRowContext(ctx, "INSERT INTO rule (name) VALUES (?) RETURNING id", rule).Scan(&id)
	return id, err
}
