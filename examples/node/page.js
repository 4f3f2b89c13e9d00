'use strict'

// What a journey is told on: headings, remarks, the timeline, tables; without colours. It never asks tenantry anything.

const out = process.stdout

// Where what belongs to a moment of the timeline begins, when it is not the first to be said about it.
const UNDER = ' '.repeat(22)

// How many cells of a terminal a text takes. Combining marks take none; no journey that is told here has wide characters.
const width = (text) => [...text.replace(/\p{Mn}/gu, '')].length

class Page {
  title (words) {
    out.write(`${words}\n${'━'.repeat(width(words))}\n`)
  }

  heading (words) {
    out.write(`\n${words}\n`)
  }

  remark (words) {
    out.write(`  ${words}\n`)
  }

  done (at, what) {
    out.write(`  ${at}  ✓ ${what}\n`)
  }

  refused (at, what, { number, code, remedy }, message) {
    out.write(`  ${at}  ✗ ${what}\n${UNDER}${number} ${code}: ${message}\n${UNDER}remedy: ${remedy}\n`)
  }

  mail (kind, to) {
    out.write(`${UNDER}✉ ${kind} → ${to.join(', ')}\n`)
  }

  // Of texts, of one or several lines, and of numbers, which are set to the right.
  table (header, rows) {
    const all = [header, ...rows].map((row) => row.map((cell) => ({ lines: String(cell).split('\n'), right: typeof cell === 'number' })))
    const widths = header.map((_, column) => Math.max(...all.flatMap((row) => row[column].lines).map(width)))
    const rule = (left, between, right) => this.remark(left + widths.map((wide) => '─'.repeat(wide + 2)).join(between) + right)
    rule('╭', '┬', '╮')
    for (const [place, row] of all.entries()) {
      if (place === 1) rule('├', '┼', '┤')
      for (let line = 0; line < Math.max(...row.map((cell) => cell.lines.length)); line++) {
        this.remark(`│${row.map(({ lines, right }, column) => {
          const words = lines[line] ?? ''
          const space = ' '.repeat(widths[column] - width(words))
          return right ? ` ${space}${words} │` : ` ${words}${space} │`
        }).join('')}`)
      }
    }
    rule('╰', '┴', '╯')
  }
}

module.exports = { Page }
