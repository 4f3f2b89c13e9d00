"""Takes the programs out of the README: the first is whole, the others are statements of one more, in their order. What stands below a
block as text is what it prints.

    readme.py README INTO
"""

import re
import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text(encoding="utf-8")
into = Path(sys.argv[2])
blocks = re.findall(r"^```(csharp|text)\n(.*?)^```$", text, flags=re.M | re.S)
programs: list[str] = []
printed: list[str] = []
for kind, body in blocks:
    if kind == "csharp":
        programs.append(body)
        printed.append("")
    else:
        printed[-1] += body
(into / "first.cs").write_text(programs[0], encoding="utf-8")
(into / "first.txt").write_text(printed[0], encoding="utf-8")
using = "using System;\nusing System.Linq;\nusing Tenantry;\n\n"
body = "".join(programs[1:])
(into / "rest.cs").write_text(f"{using}internal static class Rest\n{{\n    private static void Main()\n    {{\n{body}    }}\n}}\n", encoding="utf-8")
(into / "rest.txt").write_text("".join(printed[1:]), encoding="utf-8")
