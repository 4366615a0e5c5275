"""How long a search in a province's catalogue takes, beside the bare FTS5 query it can't do without.

    python -m benchmarks.catalogue [--quick]

Floor of a search: the one full-text query that finds most for what was typed, in the same index in the same
run; of the build: pypinyin's reading of the names and search words alone; of the index's memory: pypinyin's
tables, which stay loaded beside it. Memory is the peak of the resident set while each is made, above what
there was before, in a process of its own. Progress goes to stderr; stdout has one JSON object a figure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice, product
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Final

from benchmarks.figures import elapsed_ns, median_ms, progress, quick_asked, report
from terminal.decisions.catalogue import Catalogue
from terminal.starter import CATALOGUE_FILE, starter_catalogue, starter_files

GOAL_MS: Final = 20.0
ITEMS: Final = 5_000
LIMIT: Final = 20
PLACES: Final = (
    "城东 城西 湖滨 望江 清波 小营 凯旋 采荷 闸弄口 四季青 笕桥 彭埠 九堡 丁兰 天水 武林 长庆 潮鸣 朝晖"
)
QUARTERS: Final = "街道 新村 镇"

#: What people type: each way to find something, and what finds nothing.
TYPED: Final = (
    *("轮椅", "残", "城东街道轮椅", "身份证", "12385", "1"),
    *("lunyi", "lun yi", "yi", "l", "luny", "chengdongjiedaolunyi"),
    *("zfzj", "ly", "cdjdly"),
    *("lumyi", "nunyi", "gongzufagzujin", "论椅", "輪椅", "轮yi"),
    *("补贴 护理", "butie huli", "残疾人 证 换 领"),
    *("wheelchair", "wheelchiar", "help in hospital"),
    *("我的轮椅没了怎么办", "qqqqqq", "z" * 12, "a" * 10_000, "轮" * 10_000, '" OR *'),
)

_MEASURED: Final = """
import sys
from benchmarks.catalogue import peak_growth, province
catalogue = province(int(sys.argv[1]))
def pinyin():
    import terminal.catalogue.pinyin
def index():
    from terminal.catalogue.search import CatalogueSearch
    return CatalogueSearch(catalogue)
print([peak_growth(pinyin), peak_growth(index)])
"""


def province(count: int) -> Catalogue:
    """The starter's services, offered again by every street of a province until there are `count`."""
    starter = starter_files()[CATALOGUE_FILE].decode()
    head, *entries = starter.split("[[items]]\n")
    places = ("".join(parts) for parts in product(PLACES.split(), QUARTERS.split(), ("", "一", "二", "三")))
    made = []
    for number, (place, entry) in enumerate(islice(product(places, entries), count)):
        lines = [
            line for line in entry.splitlines() if not line.startswith(("code =", "pinyin =", "related ="))
        ]
        made.append(f'code = "S-{number}"\n' + "\n".join(lines).replace('zh = "', f'zh = "{place}', 1))
    data = head + "".join(f"[[items]]\n{entry}\n" for entry in made)
    return Catalogue.from_bytes(data.encode())


def peak_growth(work: Callable[[], object]) -> int:
    """By how many bytes the resident set grows at most during `work` (proc(5): clear_refs, VmHWM)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _peak_bytes()
    kept = work()
    grown = _peak_bytes() - before
    del kept
    return grown


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def memory(count: int) -> tuple[int, int]:
    """Bytes that pypinyin and the index of `count` services add, measured in a process of their own."""
    command = [sys.executable, "-c", _MEASURED, str(count)]
    pinyin, index = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return pinyin, index


def report_search(count: int, rounds: int) -> None:
    """Each thing typed, then the median and the slowest over all."""
    from terminal.catalogue.index import CatalogueIndex  # noqa: PLC0415  `memory` loads it by itself
    from terminal.catalogue.query import Place, Query  # noqa: PLC0415
    from terminal.catalogue.search import CatalogueSearch  # noqa: PLC0415

    catalogue = province(count)
    search, index = CatalogueSearch(catalogue), CatalogueIndex(catalogue)
    times, floors = [], []
    for typed in TYPED:
        query = Query(typed, index.syllabary)
        bare = partial(_rows, partial(index.rows, "names", query.labels(Place.ANYWHERE)))
        times.append(median_ms(partial(search.find, typed, LIMIT), rounds))
        floors.append(median_ms(bare, rounds))
        found = search.find(typed, LIMIT)
        first = found[0].match.name if found else "nothing"
        progress(f"{times[-1]:8.3f} ms {typed[:24]!r}: {first}")
    size = f"{count} services"
    goal = f"<= {GOAL_MS:.0f} ms"
    for figure, value, floor in (
        (f"search, median over {len(TYPED)} queries, {size}", median(times), median(floors)),
        (f"search, slowest query, {size}", *max(zip(times, floors, strict=True))),
    ):
        report(figure, value, "ms", floor=floor, goal=goal, holds=value <= GOAL_MS)


def _rows(find: Callable[[], Iterator[int]]) -> None:
    """All rows of a bare query, as far as a search looks at them."""
    for _ in islice(find(), LIMIT):
        pass


def report_build(count: int) -> None:
    """Time and memory of the index, before which nothing has loaded pypinyin's tables."""
    pinyin, index = memory(count)
    from terminal.catalogue.normal_form import fold  # noqa: PLC0415
    from terminal.catalogue.pinyin import syllables  # noqa: PLC0415
    from terminal.catalogue.search import CatalogueSearch  # noqa: PLC0415

    catalogue = province(count)
    labels = [text for item in catalogue.items.values() for text in (item.name.zh, *item.guide.words)]
    CatalogueSearch(starter_catalogue()).close()
    built = elapsed_ns(partial(CatalogueSearch, catalogue)) / 1e9
    floor = elapsed_ns(lambda: [syllables(fold(label)) for label in labels]) / 1e9
    report(f"index build, {count} services", built, "s", floor=floor, goal="printed", holds=True)
    megabytes = index / 1e6
    report(
        f"index peak memory, {count} services",
        megabytes,
        "MB",
        floor=pinyin / 1e6,
        goal="printed",
        holds=True,
    )


def main() -> None:
    """Run the benchmark."""
    count, rounds = (1_000, 5) if quick_asked(__doc__) else (ITEMS, 30)
    begun = perf_counter_ns()
    report_build(count)
    progress(f"built in {(perf_counter_ns() - begun) / 1e9:.1f} s; searching")
    report_search(count, rounds)


if __name__ == "__main__":
    main()
