"""The docstring of a function begins with a verb in the imperative ("Return the …", "Raise …")."""

from pathlib import Path

import pytest

from tests.architecture.docstrings import functions_without_verb, python_files

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "candor", "clients", "docs", "fusion", "gateway", "services")
NOT_OURS = ("clients/python/candor_client/models.py", "services/common/db/migrations/versions")
"""Generated code, and migrations, which are never edited after a release."""

# In alphabetical order; each first letter begins a line. Add a verb on purpose: only if none that is listed
# says as exactly what a function does, and never a word that is no imperative (What, The, Returns).
_VERBS = """
Abort Accept Acquire Add Advance Align Analyse Announce Answer Append Apply Arrange Ask Assemble Assign
Attach Augment Authenticate Average
Begin Bin Bind Blend Block Blur Bootstrap Build
Calibrate Call Cancel Change Check Choose Claim Classify Clean Clear Clip Close Collect Combine Commit
Compare Compile Complete Compress Compute Concatenate Connect Consume Convert Copy Correct Count Cover
Create Crop Cross-validate Cut
Decide Declare Decode Decompress Decrypt Define Delete Deliver Derive Describe Detect Determine Discard
Dispatch Divide Download Draw Drop
Embed Empty Encode Encrypt End Enlarge Ensure Equalise Erase Escape Estimate Evaluate Exchange Exclude
Execute Exit Expand Explain Export Extend Extract
Fail Feed Fetch Fill Filter Find Finish Fit Flatten Flip Flush Follow Forbid Forget Format Forward Free
Get Give Grant Group
Hand Handle Hash Hide Hold
Ignore Import Include Index Initialise Insert Inspect Interpolate Interrupt Invert Issue Iterate
Join
Keep Kill
Label Lay Learn Let Link List Listen Load Locate Lock Look Lower
Make Map Mark Mask Match Measure Merge Migrate Mirror Mix Move Multiply
Name Narrow Normalise Note Notice
Omit Open
Pad Parse Pass Perform Pick Pin Play Poll Pool Pop Predict Prepare Print Produce Project Prove Provide Publish
Purge Put
Raise Read Receive Recognise Record Recover Reduce Refer Refresh Refuse Register Reject Release Reload
Remove Rename Renew Repeat Replace Report Resample Reserve Reset Resize Resolve Resume Retry Return Reverse
Revoke Reword Rotate Round Route Run
Sample Save Say Scale Schedule Score Search See Select Send Separate Serialise Serve Set Shift Show
Shrink Shuffle Sign Skip Smooth Sort Split Spread Standardise Start Stop Store Stream Strip Subtract Sum
Summarise Suppress Swap Sweep
Take Tell Test Throttle Time Tokenise Track Train Transcribe Transform Translate Trim Trust Try Turn
Unpack Unwrap Update Upload Upsample Use
Validate Verify Vote
Wait Walk Warm Warn Warp Watch Weigh Withdraw Wrap Write
Yield
"""
VERBS = frozenset(_VERBS.split())


@pytest.mark.parametrize("folder", FOLDERS)
def test_function_docstrings_begin_with_a_verb_when_the_code_is_as_it_is(folder: str) -> None:
    exempt = frozenset(REPOSITORY / name for name in NOT_OURS)
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}: {docstring}"
        for path in python_files(REPOSITORY / folder, exempt=exempt)
        for line, docstring in functions_without_verb(path.read_text(encoding="utf-8"), VERBS)
    ]
    assert not found, "begin these with a verb, such as Return or Raise:\n" + "\n".join(found)


def test_every_exempt_place_exists_when_it_is_looked_up() -> None:
    """A misspelt or moved place would be forgotten on the list."""
    missing = [name for name in NOT_OURS if not (REPOSITORY / name).exists()]
    assert missing == []


def test_verbs_are_found_fast_when_one_is_added() -> None:
    assert _VERBS.split() == sorted(VERBS)


@pytest.mark.parametrize(
    "source",
    [
        'def shares():\n    """The shares."""',
        'def shares():\n    """What was shared."""',
        'def shares():\n    """Returns the shares."""',
        'def shares():\n    """`Return` the shares."""',
        'def score():\n    """Score of an answer."""',
        'async def shares():\n    """95 of 100."""',
        'class Shares:\n    def mean(self):\n        """Whether it is the mean."""',
        '@cache\ndef shares():\n    """How much."""',
        'def outer():\n    def inner():\n        """With shares."""',
    ],
)
def test_a_docstring_is_noticed_when_it_begins_with_no_verb(source: str) -> None:
    assert len(list(functions_without_verb(source, VERBS))) == 1


@pytest.mark.parametrize(
    "source",
    [
        'def shares():\n    """Return the shares."""',
        'def shares():\n    """Cross-validate the shares."""',
        "def shares():\n    return 1",
        'class Shares:\n    """The shares."""',
        'class Shares:\n    @property\n    def mean(self):\n        """The mean."""',
        '@router.get("/shares")\ndef shares():\n    """The shares."""',
    ],
)
def test_a_docstring_passes_when_it_begins_with_a_verb_or_need_not(source: str) -> None:
    assert list(functions_without_verb(source, VERBS)) == []
