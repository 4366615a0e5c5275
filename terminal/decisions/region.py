"""Region codes of GB/T 2260: six digits, two each for province, city and county."""

from typing import Final

NATION: Final = "CN"

#: The first two digits of all province-level codes, Hong Kong, Macao and Taiwan among them.
PROVINCES: Final = frozenset(
    (
        *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
        *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65"),
        *("71", "81", "82"),
    )
)

# Beijing, Tianjin, Shanghai and Chongqing are cities at the province's level: their districts are one city.
_MUNICIPALITIES: Final = frozenset({"11", "12", "31", "50"})
# xx90yy are counties directly under a province: unlike other cities, they share no city code.
_DIRECT_COUNTIES: Final = "90"


def province_prefix(region: str) -> str:
    """The two digits of the province that `region` (six digits) lies in."""
    return region[:2]


def city_prefix(region: str) -> str:
    """The digits that all places of one city share: 2 for a municipality, 6 for a direct county, else 4."""
    if region[:2] in _MUNICIPALITIES:
        return region[:2]
    if region[2:4] == _DIRECT_COUNTIES:
        return region
    return region[:4]


def scopes(region: str) -> tuple[str, ...]:
    """The regions whose rules reach `region`, the narrowest first: county, city, province, nation."""
    return region, region[:4], region[:2], NATION
