package sql_test

import (
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/sql"
	"github.com/syncline/syncline/connectors/sql/sqltest"
	"github.com/syncline/syncline/lang/value"
)

const mysqlItem = "CREATE TABLE item (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(200) NOT NULL, ext VARCHAR(100) UNIQUE, count INT, " +
	"amount DECIMAL(12,2) CHECK (amount >= 0), flag BOOLEAN, day DATE, at DATETIME, note TEXT, updated_at DATETIME(6))"

func openMySQL(t testing.TB, schema string) (server, connectors.Config) {
	t.Helper()
	url, db := sqltest.MySQL(t)
	s := server{db: db, place: func(int) string { return "?" }, touched: "UTC_TIMESTAMP(6)", arg: func(v value.Value) any {
		if v.Kind() == value.KindTime {
			return v.AsTime().Format("2006-01-02 15:04:05")
		}
		return goValue(v)
	}}
	s.exec(t, schema)
	return s, connectors.Config{Name: "db", Settings: connectors.Settings{"url": value.Text(url)}}
}

func TestMySQL(t *testing.T) {
	for name, form := range map[string]struct {
		key     string
		tracked bool
	}{
		"tracked": {"id BIGINT AUTO_INCREMENT PRIMARY KEY", true},
		"plain":   {"id BIGINT AUTO_INCREMENT PRIMARY KEY", false},
	} {
		t.Run(name, func(t *testing.T) { exerciseServer(t, sql.MySQL(), openMySQL, mysqlItem, form.key, form.tracked) })
	}
}
