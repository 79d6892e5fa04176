"""What the codes of labels stand for: classes of beats, superclasses of PTB-XL, and statements of SCP-ECG."""

from __future__ import annotations

from collections.abc import Collection

AAMI_MEANINGS = {
    "N": "beat that is not ectopic",
    "S": "supraventricular ectopic beat",
    "V": "ventricular ectopic beat",
    "F": "fusion of a ventricular and a normal beat",
    "Q": "paced or unclassifiable beat",
}
"""Classes of ANSI/AAMI EC57."""

SUPERCLASS_MEANINGS = {
    "NORM": "normal ECG",
    "MI": "myocardial infarction",
    "STTC": "ST-T change",
    "CD": "conduction disturbance",
    "HYP": "hypertrophy",
}
"""Diagnostic superclasses of PTB-XL."""

STATEMENT_MEANINGS = {
    "1AVB": "first degree AV block",
    "2AVB": "second degree AV block",
    "3AVB": "third degree AV block",
    "ABQRS": "abnormal QRS",
    "AFIB": "atrial fibrillation",
    "AFLT": "atrial flutter",
    "ALMI": "anterolateral myocardial infarction",
    "AMI": "anterior myocardial infarction",
    "ANEUR": "ST-T changes as of a ventricular aneurysm",
    "ASMI": "anteroseptal myocardial infarction",
    "BIGU": "bigeminal pattern of unknown origin",
    "CLBBB": "complete left bundle branch block",
    "CRBBB": "complete right bundle branch block",
    "DIG": "digitalis effect",
    "EL": "electrolytic disturbance or drug",
    "HVOLT": "high QRS voltage",
    "ILBBB": "incomplete left bundle branch block",
    "ILMI": "inferolateral myocardial infarction",
    "IMI": "inferior myocardial infarction",
    "INJAL": "subendocardial injury in anterolateral leads",
    "INJAS": "subendocardial injury in anteroseptal leads",
    "INJIL": "subendocardial injury in inferolateral leads",
    "INJIN": "subendocardial injury in inferior leads",
    "INJLA": "subendocardial injury in lateral leads",
    "INVT": "inverted T waves",
    "IPLMI": "inferoposterolateral myocardial infarction",
    "IPMI": "inferoposterior myocardial infarction",
    "IRBBB": "incomplete right bundle branch block",
    "ISCAL": "ischaemia in anterolateral leads",
    "ISCAN": "ischaemia in anterior leads",
    "ISCAS": "ischaemia in anteroseptal leads",
    "ISCIL": "ischaemia in inferolateral leads",
    "ISCIN": "ischaemia in inferior leads",
    "ISCLA": "ischaemia in lateral leads",
    "ISC_": "non-specific ischaemia",
    "IVCD": "non-specific intraventricular conduction disturbance",
    "LAFB": "left anterior fascicular block",
    "LAO/LAE": "left atrial overload or enlargement",
    "LMI": "lateral myocardial infarction",
    "LNGQT": "long QT interval",
    "LOWT": "low amplitude of T waves",
    "LPFB": "left posterior fascicular block",
    "LPR": "long PR interval",
    "LVH": "left ventricular hypertrophy",
    "LVOLT": "low QRS voltage in the frontal and horizontal leads",
    "NDT": "non-diagnostic T abnormalities",
    "NST_": "non-specific ST changes",
    "NT_": "non-specific T wave changes",
    "PAC": "premature atrial contraction",
    "PACE": "normally functioning pacemaker",
    "PMI": "posterior myocardial infarction",
    "PRC(S)": "premature complexes",
    "PSVT": "paroxysmal supraventricular tachycardia",
    "PVC": "premature ventricular contraction",
    "QWAVE": "Q waves present",
    "RAO/RAE": "right atrial overload or enlargement",
    "RVH": "right ventricular hypertrophy",
    "SARRH": "sinus arrhythmia",
    "SBRAD": "sinus bradycardia",
    "SEHYP": "septal hypertrophy",
    "SR": "sinus rhythm",
    "STACH": "sinus tachycardia",
    "STD_": "non-specific ST depression",
    "STE_": "non-specific ST elevation",
    "SVARR": "supraventricular arrhythmia",
    "SVTAC": "supraventricular tachycardia",
    "TAB_": "T wave abnormality",
    "TRIGU": "trigeminal pattern of unknown origin",
    "VCLVH": "voltage criteria of left ventricular hypertrophy",
    "WPW": "Wolff-Parkinson-White syndrome",
}
"""Statements of SCP-ECG that PTB-XL uses (``scp_statements.csv``), besides NORM."""

_MEANINGS = AAMI_MEANINGS | SUPERCLASS_MEANINGS | STATEMENT_MEANINGS


def label_meanings(labels: Collection[str]) -> dict[str, str]:
    """Return what labels stand for; nothing if one is not among the codes above.

    Labels are any texts, and those of a user's own data may use the same letters in another sense.
    """
    if not set(labels) <= _MEANINGS.keys():
        return {}
    return {label: _MEANINGS[label] for label in labels}
