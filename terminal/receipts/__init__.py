"""The passenger's receipt of a benefit (优惠凭条): a QR that proves a grant offline and names nobody.

Not to be confused with `terminal.events.receipt`, the centre's word that it holds a terminal's events.
"""
