"""Names of ECG leads as devices and databases write them."""

from __future__ import annotations

import re
import unicodedata

GENERIC = "ECG"
"""Lead of a channel that is named as an ECG without a standard lead, such as ``ECG1`` or ``EKG Holter``."""

_LIMB = {
    **{spelling: lead for lead in ("I", "II", "III") for spelling in (lead, f"D{lead}")},
    "D1": "I", "D2": "II", "D3": "III",
    "MLI": "MLI", "ML1": "MLI", "MLII": "MLII", "ML2": "MLII", "MLIII": "MLIII", "ML3": "MLIII",
    "AVR": "aVR", "AVL": "aVL", "AVF": "aVF",
}  # fmt: skip
"""Limb leads by their spellings in upper case."""

_CHEST = re.compile(r"V|V[1-9]R?|MC?V[1-9]|CV[1-9]|MCL[1-9]?|CM[1-7]|CC5|ML5|V[XYZ]")

_ELECTRODE_PAIRS = {("LA", "RA"): "I", ("LL", "RA"): "II", ("LL", "LA"): "III"}
"""Limb leads by positive and negative electrode."""

_ELECTRODES = {"LA", "RA", "LL", "RL"}

_EASI = re.compile(r"(?i)\s*(ecg|ekg)?\s*([ae]-s|a-i)\s*")

_ECG_WORD = re.compile(r"(?i)(ecg|ekg|electrocardiogra\w*|elektrokardiogra\w*)(?P<rest>.*)")

_PASSED_OVER = re.compile(
    r"(?i)(leads?|ableitung|abl|d[ée]rivation|derivaci[oó]n|deriva[cç][aã]o|derivazione|ch(an(nel)?)?\d*|pol|"
    r"ref|avg|le|gnd|mdc|elec|potl|signal|mod|modified|raw|clean|filt|filtered|einthoven|goldberger|wilson|\d+|"
    "[mun\u00b5\u03bc]v)"
)
"""Words beside the name of a lead that say nothing about it."""

_SEPARATORS = re.compile(r"[\s_:;,.|/()\[\]{}#'\"\-]+")

DERIVED = re.compile(
    r"time(r|stamps?)?|ts|date(time)?|clock|epoch|elapsed|zeit|uhrzeit|datum|tiempo|fecha|hora|heure|"
    r"index|idx|count(er)?|rate|hr|heartrate|bpm|rr|nn|intervals?|r?peaks?|onsets?|offsets?|phase|"
    r"id|u?uid|labels?|class|target|category|diagnosis|annotations?|symbol|mark(er)?|events?|trig(ger)?|stim|"
    r"status|flag|art[ei]facts?|(leads?)?off|quality|sqi|battery|s?freq|frequency|fs|hz|sampl(ing|e)rate"
)
"""Words in names of what accompanies or follows from a signal, even if the name mentions the ECG."""

IDENTIFIERS = re.compile(
    r"samples?|sampleno|rows?|frames?|packet|seq|sequence|no|nr|number|patient|subject|participant|user|person|"
    r"record|recording|session|file|filename|name|age|sex|gender"
)
"""Words in names of counters and identifiers, unless the name is also that of a lead."""

_NOT_ECG = re.compile(rf"{DERIVED.pattern}|resp|respiration|imp|impedance")


def words(name: str) -> list[str]:
    """Return the words of a name, without the signs between them; ``heartRate`` is two words."""
    text = unicodedata.normalize("NFC", name)
    text = re.sub(r"(?<=[a-z]{3})(?=[A-Z])", " ", text)
    return [word for word in _SEPARATORS.split(text) if word]


def lead_name(text: str) -> str | None:
    """Return the ECG lead that the name of a channel states, in its canonical spelling.

    >>> lead_name("MDC_ECG_LEAD_AVR"), lead_name("D2"), lead_name("ECG LL-RA"), lead_name("EKG1")
    ('aVR', 'II', 'II', 'ECG')
    >>> lead_name("EEG C4-M1"), lead_name("lead 2"), lead_name("ECG_Rate")
    (None, None, None)

    Args:
        text: name of a channel, as a file states it.

    Returns:
        Such as ``II``, ``aVR``, ``V5`` or ``MLII``; ``ECG`` for an ECG without a standard lead; None if the
        name is not that of an ECG.
    """
    if _EASI.fullmatch(text):
        return text.strip()[-3:].replace("-", "").upper()
    found = words(text)
    if not found or any(_NOT_ECG.fullmatch(word.lower()) for word in found):
        return None
    is_ecg, leads, electrodes, others = False, [], [], []
    for word in found:
        if ecg := _ECG_WORD.fullmatch(word):
            is_ecg, word = True, ecg["rest"]
            if _NOT_ECG.fullmatch(word.lower()):
                return None
        if lead := _standard_lead(word):
            leads.append(lead)
        elif word.upper() in _ELECTRODES:
            electrodes.append(word.upper())
        elif word and not _PASSED_OVER.fullmatch(word):
            others.append(word.lower())
    if others and not is_ecg and (leads in (["I"], ["V"]) or not all(map(IDENTIFIERS.fullmatch, others))):
        return None
    if electrodes:
        pair = _ELECTRODE_PAIRS.get((electrodes[0], electrodes[-1])) if not leads else None
        return pair or (GENERIC if is_ecg else None)
    if len(leads) == 1:
        return f"-{leads[0]}" if text.strip().startswith("-") else leads[0]
    return GENERIC if is_ecg or leads else None


def _standard_lead(word: str) -> str | None:
    """Return the canonical spelling of a lead, None if the word is not a lead."""
    upper = word.upper()
    if upper in _LIMB:
        return _LIMB[upper]
    return upper if _CHEST.fullmatch(upper) else None
