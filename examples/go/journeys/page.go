package main

import (
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a cell of a table looks like.
type look int

const (
	plainly look = iota
	dimly
	green
	red
	toTheRight
)

// A cell of a table: its text, of one or several lines, and how it looks.
type cell struct {
	text string
	how  look
}

func plain(text string) cell  { return cell{text, plainly} }
func faint(text string) cell  { return cell{text, dimly} }
func good(text string) cell   { return cell{text, green} }
func bad(text string) cell    { return cell{text, red} }
func count(number int64) cell { return cell{fmt.Sprint(number), toTheRight} }

var codes = map[look]string{dimly: dim, green: goodly, red: badly}

const (
	bold, dim, titled, goodly, badly, mailed = "1", "2", "1;36", "32", "31", "33"
	// Where what belongs to a moment of the timeline begins, when it is not the first to be said about it.
	under = "                      "
)

// page is what a journey is told on: headings, remarks, the timeline, tables. It never asks tenantry anything.
type page struct {
	colour, begun, blank bool
}

// newPage is in colour where the output is a terminal and NO_COLOR is not set.
func newPage() *page {
	out, err := os.Stdout.Stat()
	terminal := err == nil && out.Mode()&os.ModeCharDevice != 0
	return &page{colour: terminal && os.Getenv("NO_COLOR") == ""}
}

func (p *page) paint(code, words string) string {
	if !p.colour || code == "" || words == "" {
		return words
	}
	return "\033[" + code + "m" + words + "\033[0m"
}

func (p *page) line(words string) {
	fmt.Println(words)
	p.begun, p.blank = true, false
}

func (p *page) gap() {
	if p.begun && !p.blank {
		fmt.Println()
	}
	p.blank = true
}

func (p *page) title(words string) {
	p.line(p.paint(titled, words))
	p.line(p.paint(titled, strings.Repeat("━", utf8.RuneCountInString(words))))
}

func (p *page) heading(words string) {
	p.gap()
	p.line(p.paint(bold, words))
}

func (p *page) remark(words string) { p.line("  " + p.paint(dim, words)) }
func (p *page) answer(words string) { p.line(under + p.paint(dim, words)) }
func (p *page) holds(words string)  { p.line("  " + p.paint(goodly, "✓") + " " + words) }

func (p *page) done(at, what string) {
	p.line("  " + p.paint(dim, at) + "  " + p.paint(goodly, "✓") + " " + what)
}

func (p *page) refused(at, what string, number int, name, message, remedy string) {
	p.line("  " + p.paint(dim, at) + "  " + p.paint(badly, "✗") + " " + what)
	p.line(under + p.paint(badly, fmt.Sprintf("%d %s", number, name)) + ": " + message)
	p.line(under + p.paint(bold, "remedy") + ": " + remedy)
}

func (p *page) mail(kind string, to []string) {
	p.line(under + p.paint(mailed, "✉ "+kind) + " → " + strings.Join(to, ", "))
}

// width is how many cells of a terminal a text takes. The standard library knows combining marks, and not which characters are
// wide; no journey that is told in Go has any.
func width(text string) (cells int) {
	for _, one := range text {
		if !unicode.Is(unicode.Mn, one) {
			cells++
		}
	}
	return cells
}

func (p *page) table(header []string, rows [][]cell) {
	widths := make([]int, len(header))
	heads := make([]cell, len(header))
	for column, name := range header {
		heads[column] = plain(name)
	}
	for _, row := range append([][]cell{heads}, rows...) {
		for column, one := range row {
			for _, words := range strings.Split(one.text, "\n") {
				if width(words) > widths[column] {
					widths[column] = width(words)
				}
			}
		}
	}
	rule := func(left, between, right string) {
		parts := make([]string, len(widths))
		for column, wide := range widths {
			parts[column] = strings.Repeat("─", wide+2)
		}
		p.line("  " + left + strings.Join(parts, between) + right)
	}
	rule("╭", "┬", "╮")
	p.row(heads, widths, true)
	rule("├", "┼", "┤")
	for _, row := range rows {
		p.row(row, widths, false)
	}
	rule("╰", "┴", "╯")
}

func (p *page) row(cells []cell, widths []int, heads bool) {
	height := 1
	for _, one := range cells {
		if lines := strings.Count(one.text, "\n") + 1; lines > height {
			height = lines
		}
	}
	for place := 0; place < height; place++ {
		told := "  │"
		for column, one := range cells {
			words, code := "", codes[one.how]
			if lines := strings.Split(one.text, "\n"); place < len(lines) {
				words = lines[place]
			}
			if heads {
				code = bold
			}
			space := strings.Repeat(" ", widths[column]-width(words))
			if one.how == toTheRight {
				told += " " + space + p.paint(code, words) + " │"
			} else {
				told += " " + p.paint(code, words) + space + " │"
			}
		}
		p.line(told)
	}
}
