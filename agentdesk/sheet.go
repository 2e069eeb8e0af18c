package agentdesk

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"zongji/internal/blob"
	"zongji/internal/zongji"
)

const (
	maxSheet    = 10 << 20 // bytes of a table
	maxUnzipped = 64 << 20 // bytes of a workbook after unzipping
	maxLines    = 5000     // of one table
	maxColumns  = 50
	maxCell     = 8000 // characters
)

// column is one column of a table that people fill in.
type column struct {
	key     string   // in values and errors
	title   string   // of the template
	also    []string // other headings that mean the same, lower case
	must    bool
	example string
}

// line is one line of a table by column key.
type line struct {
	n     int // as the spreadsheet counts, 1 is the heading
	cells map[string]string
}

// readTable reads the first sheet of a workbook or a CSV file in UTF-8 or GBK,
// by its headings.
func readTable(name string, b []byte, columns []column) ([]line, error) {
	var rows [][]string
	var err error
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		rows, err = readWorkbook(b)
	case bytes.HasPrefix(b, []byte("\xd0\xcf\x11\xe0")):
		err = badTable("this is an old .xls file: save it as .xlsx")
	default:
		rows, err = readCSV(b)
	}
	if err != nil {
		return nil, err
	}
	return byHeading(rows, columns)
}

func badTable(format string, args ...any) error {
	return zongji.Errorf(zongji.Invalid, "bad_table", format, args...)
}

func readWorkbook(b []byte) ([][]string, error) {
	f, err := excelize.OpenReader(bytes.NewReader(b), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped})
	if err != nil {
		return nil, badTable("the workbook cannot be read: is it an .xlsx file without a password?")
	}
	defer f.Close()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return nil, badTable("the workbook has no sheet")
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		return nil, badTable("the sheet %q cannot be read", sheets[0])
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return nil, badTable("line %d cannot be read", len(out)+1)
		}
		if out = append(out, cells); len(out) > maxLines+1 {
			return nil, badTable("more than %d lines: split the table", maxLines)
		}
	}
	return out, nil
}

func readCSV(b []byte) ([][]string, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return nil, badTable("the text is neither UTF-8 nor GBK")
		}
		b = decoded
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return nil, badTable("this is no table: only .xlsx and .csv can be read")
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	head, _, _ := bytes.Cut(b, []byte("\n"))
	if bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		r.Comma = ';'
	} else if bytes.Count(head, []byte("\t")) > bytes.Count(head, []byte(",")) {
		r.Comma = '\t'
	}
	var out [][]string
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, badTable("the table cannot be read: %s", err)
		}
		// Empty lines are skipped by the reader but counted by people.
		for n, _ := r.FieldPos(0); len(out) < n-1 && len(out) <= maxLines; {
			out = append(out, nil)
		}
		if out = append(out, cells); len(out) > maxLines+1 {
			return nil, badTable("more than %d lines: split the table", maxLines)
		}
	}
}

// byHeading names the cells. A missing or doubled column is told by name.
func byHeading(rows [][]string, columns []column) ([]line, error) {
	if len(rows) == 0 || len(rows[0]) > maxColumns {
		return nil, badTable("the first line must hold the headings, at most %d", maxColumns)
	}
	at := map[string]int{}
	for i, h := range rows[0] {
		h = strings.ToLower(strings.Trim(strings.TrimSpace(h), "*＊ "))
		for _, c := range columns {
			if h != c.key && h != c.title && !containsFold(c.also, h) {
				continue
			}
			if _, twice := at[c.key]; twice {
				return nil, badTable("the column %q is there twice", c.title)
			}
			at[c.key] = i
		}
	}
	var missing []string
	for _, c := range columns {
		if _, ok := at[c.key]; c.must && !ok {
			missing = append(missing, c.title)
		}
	}
	if len(missing) > 0 {
		return nil, badTable("the first line has no column %s: download the template", strings.Join(missing, ", "))
	}
	var out []line
	for i, cells := range rows[1:] {
		l := line{n: i + 2, cells: map[string]string{}}
		for key, col := range at {
			if col < len(cells) {
				if v := strings.TrimSpace(strings.ReplaceAll(cells[col], "\r\n", "\n")); v != "" {
					l.cells[key] = strings.ReplaceAll(v, "\x00", "")
				}
			}
		}
		if len(l.cells) > 0 {
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		return nil, badTable("the table has no lines below the headings")
	}
	return out, nil
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// safeCell keeps a cell from being run as a formula by a spreadsheet; see
// OWASP, CSV Injection.
func safeCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// template answers an empty table with one example line, as .xlsx or, with
// ?format=csv, as CSV that Excel opens as UTF-8.
func (d *Desk) template(c *gin.Context, name string, columns []column) error {
	head, example := make([]string, len(columns)), make([]string, len(columns))
	for i, col := range columns {
		head[i], example[i] = safeCell(col.title), safeCell(col.example)
	}
	var b bytes.Buffer
	mediaType := "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	if c.Query("format") == "csv" {
		name, mediaType = name+".csv", "text/csv"
		b.WriteString("\ufeff")
		w := csv.NewWriter(&b)
		_ = w.WriteAll([][]string{head, example}) // a buffer takes all
	} else {
		name += ".xlsx"
		if err := writeWorkbook(&b, head, example); err != nil {
			return fmt.Errorf("template: %w", err)
		}
	}
	blob.Harmless(c.Writer.Header(), name, mediaType)
	c.Data(http.StatusOK, c.Writer.Header().Get("Content-Type"), b.Bytes())
	return nil
}

func writeWorkbook(w io.Writer, rows ...[]string) error {
	f := excelize.NewFile()
	defer f.Close()
	for r, cells := range rows {
		for i, v := range cells {
			at, err := excelize.CoordinatesToCellName(i+1, r+1)
			if err != nil {
				return err
			}
			if err := f.SetCellStr("Sheet1", at, v); err != nil {
				return err
			}
		}
	}
	if err := f.SetColWidth("Sheet1", "A", "H", 28); err != nil {
		return err
	}
	_, err := f.WriteTo(w)
	return err
}
