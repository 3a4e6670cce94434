# For type checkers: the names are loaded when they are used, see `__getattr__` in __init__.py.
from pharmrs.api import Analysis as Analysis
from pharmrs.api import Basis as Basis
from pharmrs.api import Concentrations as Concentrations
from pharmrs.api import Fit as Fit
from pharmrs.api import Plates as Plates
from pharmrs.api import Preprocessed as Preprocessed
from pharmrs.api import Recording as Recording
from pharmrs.api import Study as Study
from pharmrs.api import Voxel as Voxel
from pharmrs.api import analyse as analyse
from pharmrs.api import fit as fit
from pharmrs.api import preprocess as preprocess
from pharmrs.api import quantify as quantify
from pharmrs.api import read_basis as read_basis
from pharmrs.api import read_spectrum as read_spectrum
from pharmrs.api import run as run
from pharmrs.api import simulate_basis as simulate_basis
from pharmrs.api import standard_curve as standard_curve
from pharmrs.api import voxel_tissue as voxel_tissue

__version__: str
