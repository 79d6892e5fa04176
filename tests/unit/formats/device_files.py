"""Files of ECG devices, written by hand from the definitions of their formats.

Every writer stores the two leads of :data:`STORED`, I and II, with steps of :data:`STEP_UV`.
"""

import base64
import binascii
import json
import struct
from pathlib import Path

import numpy as np

STEP_UV = 4.88
FS_HZ = 500
SAMPLES = 1000
STORED = np.rint(400 * np.random.default_rng(0).standard_normal((2, SAMPLES))).astype(np.int64)
"""Steps of leads I and II."""

PATIENT = "Zyxwvut"
"""Name of the patient in every file that has one."""


def _base64(row) -> str:
    return base64.b64encode(row.astype("<i2").tobytes()).decode()


def write_dicom(path: Path, rate=FS_HZ, unit="uV", skew=0, baseline=0.0, padding=None, groups=1) -> None:
    """Write a DICOM twelve-lead ECG with two channels."""
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.sequence import Sequence
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    def code(value, meaning, scheme):
        item = Dataset()
        item.CodeValue, item.CodeMeaning, item.CodingSchemeDesignator = value, meaning, scheme
        return Sequence([item])

    def channel(lead, value):
        item = Dataset()
        item.ChannelSourceSequence = code(value, f"Lead {lead}", "MDC")
        item.ChannelSensitivity, item.ChannelSensitivityCorrectionFactor = str(STEP_UV), "2"
        item.ChannelBaseline, item.WaveformBitsStored = str(baseline), 16
        item.ChannelSampleSkew = str(skew)
        item.ChannelSensitivityUnitsSequence = code(unit, unit, "UCUM")
        return item

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
    meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = generate_uid(), ExplicitVRLittleEndian
    dataset = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = (
        meta.MediaStorageSOPClassUID,
        meta.MediaStorageSOPInstanceUID,
    )
    dataset.PatientName, dataset.Modality = f"{PATIENT}^Q", "ECG"
    dataset.AcquisitionDateTime = "20240229101112.5"
    waveform = Dataset()
    waveform.MultiplexGroupLabel, waveform.WaveformOriginality = "RHYTHM", "ORIGINAL"
    waveform.NumberOfWaveformChannels, waveform.NumberOfWaveformSamples = 2, SAMPLES
    waveform.SamplingFrequency = str(rate)
    waveform.WaveformBitsAllocated, waveform.WaveformSampleInterpretation = 16, "SS"
    if padding is not None:
        waveform.WaveformPaddingValue = struct.pack("<h", padding)
    waveform.ChannelDefinitionSequence = Sequence([channel("I", "2:1"), channel("II", "2:2")])
    waveform.WaveformData = STORED.T.astype("<i2").tobytes()
    dataset.WaveformSequence = Sequence([waveform] * groups)
    dataset.save_as(path, enforce_file_format=True)


def _huffman(values) -> bytes:
    """Return values in the default Huffman code of SCP-ECG: unary up to 8, others in 8 or 16 bits."""
    bits = ""
    for value in values.tolist():
        if abs(value) <= 8:
            bits += "0" if value == 0 else "1" * abs(value) + ("01" if value < 0 else "00")
        elif -128 <= value < 128:
            bits += "1111111110" + format(value & 0xFF, "08b")
        else:
            bits += "1111111111" + format(value & 0xFFFF, "016b")
    bits += "0" * (-len(bits) % 16)
    return bytes(int(bits[first : first + 8], 2) for first in range(0, len(bits), 8))


def write_scp(
    path: Path, interval_us=2000, step_nv=4880, starts=(1, 1), damaged=False, differences=None
) -> None:
    """Write an SCP-ECG record; with ``differences`` (0 to 2) they are compressed by the default table."""

    def section(number, body):
        body = body + b"\0" * (len(body) % 2)
        head = struct.pack("<HIBB6x", number, 16 + len(body), 20, 20)
        return struct.pack("<H", binascii.crc_hqx(head + body, 0xFFFF)) + head + body

    def tag(number, value):
        return struct.pack("<BH", number, len(value)) + value

    demographics = tag(0, f"{PATIENT}\0".encode()) + tag(25, struct.pack("<HBB", 2024, 2, 29))
    demographics += tag(26, bytes([10, 11, 12])) + tag(255, b"")
    leads = bytes([2, 0]) + b"".join(
        struct.pack("<IIB", start, start + SAMPLES - 1, code)
        for start, code in zip(starts, (1, 2), strict=True)
    )
    rows = [row.astype("<i2").tobytes() for row in STORED]
    if differences is not None:
        steps = [np.r_[row[:differences], np.diff(row, differences)] for row in STORED]
        rows = [_huffman(row) for row in steps]
    data = struct.pack("<HHBB", step_nv, interval_us, differences or 0, 0)
    data += struct.pack("<HH", *map(len, rows)) + b"".join(rows)
    contents = {1: demographics, 3: leads, 6: data} | (
        {} if differences is None else {2: struct.pack("<H", 19999)}
    )
    bodies = {number: section(number, body) for number, body in sorted(contents.items())}
    pointers, position = {}, 7 + 16 + 120
    for number in range(12):
        length = 136 if number == 0 else len(bodies.get(number, b""))
        pointers[number] = (length, 7 if number == 0 else position if length else 0)
        position += length if number else 0
    table = b"".join(struct.pack("<HII", number, *pointer) for number, pointer in pointers.items())
    record = section(0, table) + b"".join(bodies[number] for number in sorted(bodies))
    content = struct.pack("<I", 6 + len(record)) + record
    content = bytearray(struct.pack("<H", binascii.crc_hqx(content, 0xFFFF)) + content)
    if damaged:
        content[-1] ^= 0x10
    path.write_bytes(content)


def write_aecg(path: Path, increment_s="0.002", unit="uV", origin="0") -> None:
    """Write an HL7 aECG with a rhythm series."""
    leads = "".join(
        f"""<component><sequence><code code="MDC_ECG_LEAD_{lead}" codeSystem="2.16.840.1.113883.6.24"/>
        <value xsi:type="SLIST_PQ"><origin value="{origin}" unit="{unit}"/>
        <scale value="{STEP_UV}" unit="{unit}"/>
        <digits>{" ".join(map(str, row))}</digits></value></sequence></component>"""
        for lead, row in zip(("I", "II"), STORED, strict=True)
    )
    path.write_text(f"""<?xml version="1.0" encoding="UTF-8"?>
<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject><subjectDemographicPerson>
<name>{PATIENT}</name></subjectDemographicPerson></trialSubject></subject></subjectAssignment></componentOf>
</timepointEvent></componentOf><component><series><code code="RHYTHM"/>
<effectiveTime><low value="20240229101112.500"/></effectiveTime><component><sequenceSet><component><sequence>
<code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS"><head value="20240229101112.500"/>
<increment value="{increment_s}" unit="s"/></value></sequence></component>{leads}</sequenceSet></component>
</series></component></AnnotatedECG>""")


def write_muse(path: Path, rate="500", unit="MICROVOLTS", later_ms=0, exponent=0) -> None:
    """Write a GE MUSE resting ECG."""
    leads = "".join(
        f"""<LeadData><LeadByteCountTotal>{2 * SAMPLES}</LeadByteCountTotal>
        <LeadTimeOffset>{offset}</LeadTimeOffset>
        <LeadSampleCountTotal>{SAMPLES}</LeadSampleCountTotal>
        <LeadAmplitudeUnitsPerBit>{STEP_UV}</LeadAmplitudeUnitsPerBit>
        <LeadAmplitudeUnits>{unit}</LeadAmplitudeUnits><LeadID>{lead}</LeadID>
        <LeadDataCRC32>{binascii.crc32(row.astype("<i2").tobytes())}</LeadDataCRC32><LeadSampleSize>2</LeadSampleSize>
        <WaveFormData>{_base64(row)}</WaveFormData></LeadData>"""
        for lead, row, offset in zip(("I", "II"), STORED, (0, later_ms), strict=True)
    )
    path.write_text(f"""<?xml version="1.0" encoding="ISO-8859-1"?><RestingECG>
<PatientDemographics><PatientLastName>{PATIENT}</PatientLastName></PatientDemographics>
<TestDemographics><AcquisitionDate>02-29-2024</AcquisitionDate><AcquisitionTime>10:11:12</AcquisitionTime>
</TestDemographics><Waveform><WaveformType>Rhythm</WaveformType><SampleBase>{rate}</SampleBase>
<SampleExponent>{exponent}</SampleExponent>{leads}</Waveform></RestingECG>""")


def write_sierra(path: Path, rate="500", encoding="UTF-8") -> None:
    """Write a Philips Sierra ECG without compression."""
    data = base64.b64encode(STORED.astype("<i2").tobytes()).decode()
    path.write_bytes(
        f"""<?xml version="1.0" encoding="{encoding}"?><restingecgdata><documentinfo>
<documenttype>SierraECG</documenttype><documentversion>1.04</documentversion></documentinfo>
<patient><generalpatientdata><name><lastname>{PATIENT}</lastname></name></generalpatientdata></patient>
<dataacquisition date="2024-02-29" time="10:11:12"><signalcharacteristics><samplingrate>{rate}</samplingrate>
<resolution>{STEP_UV}</resolution><numberchannelsallocated>2</numberchannelsallocated></signalcharacteristics>
</dataacquisition><waveforms><parsedwaveforms dataencoding="Base64" compression="None" numberofleads="2"
leadlabels="I II" durationperchannel="{SAMPLES * 2}" samplespersecond="{rate}" resolution="{STEP_UV}">{data}
</parsedwaveforms></waveforms></restingecgdata>""".encode(encoding)
    )


def write_mortara(path: Path, rate="500", unit_per_mv=None) -> None:
    """Write a Mortara ELI ECG."""
    per_mv = 1000 / STEP_UV if unit_per_mv is None else unit_per_mv
    leads = "".join(
        f'<CHANNEL NAME="{lead}" OFFSET="0" BITS="16" FORMAT="SIGNED" UNITS_PER_MV="{per_mv}" '
        f'DURATION="{SAMPLES}" SAMPLE_FREQ="{rate}" ENCODING="BASE64" DATA="{_base64(row)}"/>'
        for lead, row in zip(("I", "II"), STORED, strict=True)
    )
    path.write_text(
        f'<?xml version="1.0"?><ECG ACQUISITION_TIME="20240229101112" LAST_NAME="{PATIENT}">'
        f'<SOURCE TYPE="ELI280" MANUFACTURER="Mortara"/>{leads}</ECG>'
    )


def write_ishne(path: Path, step_nv=4880, damaged=False, stored=STORED) -> None:
    """Write an ISHNE Holter recording."""
    header = bytearray(512)
    struct.pack_into("<iiii h", header, 0, 0, stored.shape[1], 522, 522, 1)
    header[18 : 18 + len(PATIENT)] = PATIENT.encode()
    struct.pack_into("<6h", header, 122, 0, 0, 0, 29, 2, 2024)  # birth date unknown, date of recording
    struct.pack_into("<6h", header, 134, 0, 0, 0, 10, 11, 12)
    struct.pack_into("<h", header, 146, 2)
    struct.pack_into("<12h", header, 148, 5, 6, *[-9] * 10)
    struct.pack_into("<12h", header, 196, step_nv, step_nv, *[0] * 10)
    struct.pack_into("<h", header, 262, FS_HZ)
    checksum = binascii.crc_hqx(bytes(header), 0xFFFF) ^ (0xFF if damaged else 0)
    path.write_bytes(b"ISHNE1.0" + struct.pack("<H", checksum) + header + stored.T.astype("<i2").tobytes())


def write_mfer(path: Path, interval=20, missing=None, skew_ns=0) -> None:
    """Write an MFER recording; the interval is in 0.1 ms."""

    def tag(number, value, channel=b""):
        length = bytes([len(value)]) if len(value) < 128 else b"\x84" + struct.pack(">I", len(value))
        return bytes([number]) + channel + length + value

    content = tag(0x40, b"MFR Standard 12 leads ECG".ljust(32)) + tag(0x01, b"\x01") + tag(0x08, b"\x01\x00")
    content += tag(0x04, struct.pack("<I", SAMPLES)) + tag(0x05, b"\x02") + tag(0x06, struct.pack("<H", 1))
    content += tag(0x0B, struct.pack("<BbH", 1, -4, interval)) + tag(0x0C, struct.pack("<BbH", 0, -8, 488))
    content += tag(0x0A, b"\x00") + tag(0x81, PATIENT.encode())
    content += b"".join(tag(0x3F, tag(0x09, bytes([code])), bytes([row])) for row, code in ((0, 1), (1, 2)))
    if missing is not None:
        content += tag(0x12, struct.pack("<h", missing))
    if skew_ns:
        content += tag(0x43, struct.pack("<H", skew_ns))
    content += tag(0x85, struct.pack("<HBBBBBHH", 2024, 2, 29, 10, 11, 12, 500, 0))
    path.write_bytes(content + tag(0x1E, STORED.astype("<i2").tobytes()) + b"\x80\x00")


def write_kardia(path: Path, rate=500, resolution_nv=STEP_UV * 1000) -> None:
    """Write a Kardia recording."""
    samples = {"leadI": STORED[0].tolist(), "leadII": STORED[1].tolist()}
    raw = {"frequency": rate, "mainsFrequency": 50, "samples": samples, "numLeads": 2}
    raw |= {"amplitudeResolution": resolution_nv} if resolution_nv else {}
    record = {"id": "1", "patientID": PATIENT, "recordedAt": "2024-02-29T10:11:12Z", "data": {"raw": raw}}
    path.write_text(json.dumps(record))
