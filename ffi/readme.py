"""Takes the programs out of a README: the first is whole, the others are statements of one more, in their order. What stands below a
block as text is what it prints.

    readme.py README csharp|cpp INTO
"""

import re
import sys
from pathlib import Path

# What a program of statements begins and ends with.
AROUND = {
    "csharp": (
        "cs",
        "using System;\nusing System.Linq;\nusing Tenantry;\n\ninternal static class Rest\n{\n    private static void Main()\n    {\n",
        "    }\n}\n",
    ),
    "cpp": ("cpp", "#include <iostream>\n#include <tenantry.hpp>\n\nint main() {\n", "}\n"),
}

text = Path(sys.argv[1]).read_text(encoding="utf-8")
language, into = sys.argv[2], Path(sys.argv[3])
ending, begin, end = AROUND[language]
blocks = re.findall(rf"^```({language}|text)\n(.*?)^```$", text, flags=re.M | re.S)
programs: list[str] = []
printed: list[str] = []
for kind, body in blocks:
    if kind == language:
        programs.append(body)
        printed.append("")
    else:
        printed[-1] += body
(into / f"first.{ending}").write_text(programs[0], encoding="utf-8")
(into / "first.txt").write_text(printed[0], encoding="utf-8")
(into / f"rest.{ending}").write_text(begin + "".join(programs[1:]) + end, encoding="utf-8")
(into / "rest.txt").write_text("".join(printed[1:]), encoding="utf-8")
