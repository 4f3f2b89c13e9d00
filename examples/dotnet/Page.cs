using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Journeys
{
    // A cell of a table: its text, of one or several lines, and how it looks.
    internal sealed class Cell
    {
        internal readonly string Text, Code;
        internal readonly bool ToTheRight;

        private Cell(string text, string code, bool toTheRight)
        {
            Text = text;
            Code = code;
            ToTheRight = toTheRight;
        }

        internal static Cell Plain(string text) { return new Cell(text, "", false); }
        internal static Cell Faint(string text) { return new Cell(text, Page.Dim, false); }
        internal static Cell Good(string text) { return new Cell(text, Page.Goodly, false); }
        internal static Cell Bad(string text) { return new Cell(text, Page.Badly, false); }
        internal static Cell Count(long number) { return new Cell(number.ToString(CultureInfo.InvariantCulture), "", true); }
    }

    // What a journey is told on: headings, remarks, the timeline, tables. It never asks tenantry anything.
    internal class Page
    {
        internal const string Bold = "1", Dim = "2", Titled = "1;36", Goodly = "32", Badly = "31", Mailed = "33";

        // Where what belongs to a moment of the timeline begins, when it is not the first to be said about it.
        private const string Under = "                      ";

        // In colour where the output is a terminal and NO_COLOR is not set.
        private readonly bool colour = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        private bool begun, blank;

        private string Paint(string code, string words)
        {
            return !colour || code == "" || words == "" ? words : "\u001b[" + code + "m" + words + "\u001b[0m";
        }

        private void Line(string words)
        {
            Console.WriteLine(words);
            begun = true;
            blank = false;
        }

        internal void Gap()
        {
            if (begun && !blank) Console.WriteLine();
            blank = true;
        }

        internal void Title(string words)
        {
            Line(Paint(Titled, words));
            Line(Paint(Titled, new string('━', Width(words))));
        }

        internal void Heading(string words)
        {
            Gap();
            Line(Paint(Bold, words));
        }

        internal void Remark(string words) { Line("  " + Paint(Dim, words)); }
        internal void Holds(string words) { Line("  " + Paint(Goodly, "✓") + " " + words); }

        internal void Done(string at, string what)
        {
            Line("  " + Paint(Dim, at) + "  " + Paint(Goodly, "✓") + " " + what);
        }

        internal void Refused(string at, string what, int number, string name, string message, string remedy)
        {
            Line("  " + Paint(Dim, at) + "  " + Paint(Badly, "✗") + " " + what);
            Line(Under + Paint(Badly, number + " " + name) + ": " + message);
            Line(Under + Paint(Bold, "remedy") + ": " + remedy);
        }

        internal void Mail(string kind, IEnumerable<string> to)
        {
            Line(Under + Paint(Mailed, "✉ " + kind) + " → " + string.Join(", ", to));
        }

        // How many cells of a terminal a text takes. .NET knows combining marks, and not which characters are wide; no journey that is told
        // here has any.
        private static int Width(string text)
        {
            return text.Count(one => CharUnicodeInfo.GetUnicodeCategory(one) != UnicodeCategory.NonSpacingMark);
        }

        internal void Table(string[] header, IEnumerable<Cell[]> rows)
        {
            var heads = header.Select(Cell.Plain).ToArray();
            var all = rows.ToList();
            var widths = header.Select((_, column) =>
                new[] { heads }.Concat(all).SelectMany(row => row[column].Text.Split('\n')).Max(words => Width(words))).ToArray();
            Action<string, string, string> rule = (left, between, right) =>
                Line("  " + left + string.Join(between, widths.Select(wide => new string('─', wide + 2))) + right);
            rule("╭", "┬", "╮");
            Row(heads, widths, true);
            rule("├", "┼", "┤");
            foreach (var row in all) Row(row, widths, false);
            rule("╰", "┴", "╯");
        }

        private void Row(Cell[] cells, int[] widths, bool heads)
        {
            var height = cells.Max(one => one.Text.Split('\n').Length);
            for (var place = 0; place < height; place++)
            {
                var told = "  │";
                for (var column = 0; column < cells.Length; column++)
                {
                    var lines = cells[column].Text.Split('\n');
                    var words = place < lines.Length ? lines[place] : "";
                    var space = new string(' ', widths[column] - Width(words));
                    var painted = Paint(heads ? Bold : cells[column].Code, words);
                    told += cells[column].ToTheRight ? " " + space + painted + " │" : " " + painted + space + " │";
                }
                Line(told);
            }
        }
    }
}
