"""What is known of the programs, their names and the complaint themes; and the matching of names in text.

`load` reads `data/taxonomy/`. Beside it: `names` finds programs in text, `interest` says why a listed thread is worth
taking, `normalise` is the folded form of text that all matching runs on.
"""

from taxonomy.load import load
from taxonomy.model import Program, Taxonomy, Theme, ThemeRule

__all__ = ["Program", "Taxonomy", "Theme", "ThemeRule", "load"]
