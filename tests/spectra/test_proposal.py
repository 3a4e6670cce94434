"""A basis set proposed from a header: the right sequence and times, or what was looked for and found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.basis.proposal import proposed_protocol
from pharmrs.spectra.records.acquisition import Fids
from tests.spectra.simulated import ACQUISITION, fids

PRESS = replace(ACQUISITION, mixing_time_s=None, echo_time_s=0.035)


def recording(header: dict[str, object], *, mixing_s: float | None = None) -> Fids:
    data = np.ones((64, 1, 1), dtype=complex)
    return replace(fids(data, replace(PRESS, mixing_time_s=mixing_s)), header=header)


@pytest.mark.parametrize(
    ("header", "sequence"),
    [
        ({"SequenceName": "svs_se"}, "press"),
        ({"ProtocolName": "SV_PRESS_35"}, "press"),
        ({"SequenceName": "PROBE-P"}, "press"),
        ({"SequenceName": "%SiemensSeq%\\svs_slaser_dkd"}, "slaser"),
        ({"ProtocolName": "Semi-LASER TE28"}, "slaser"),
    ],
)
def test_sequences_by_the_names_of_the_vendors(header: dict[str, object], sequence: str) -> None:
    protocol, note = proposed_protocol(recording(header))
    assert (protocol.sequence, protocol.echo_time_s, protocol.mixing_time_s) == (sequence, 0.035, None)
    assert protocol.points == 128
    assert protocol.bandwidth_hz == pytest.approx(6000.0)
    assert str(next(iter(header.values()))) in note and "TE 35 ms" in note


def test_steam_needs_its_mixing_time() -> None:
    protocol, note = proposed_protocol(recording({"SequenceName": "svs_st"}, mixing_s=0.032))
    assert (protocol.sequence, protocol.mixing_time_s) == ("steam", 0.032)
    assert "TM 32 ms" in note
    with pytest.raises(InputError, match="MixingTime: STEAM has a mixing time"):
        proposed_protocol(recording({"SequenceName": "svs_st"}))


@pytest.mark.parametrize(
    ("manufacturer", "mhz", "te_s", "first_ms"),
    [
        ("Philips", 127.8, 0.035, 13.4),
        ("GE MEDICAL SYSTEMS", 127.7, 0.144, 14.7),
        ("SIEMENS", 123.25, 0.030, None),  # 15.5 ms would be the longer half
        ("Philips", 298.0, 0.035, None),  # of 3 T only is it known
        ("Bruker", 127.8, 0.035, None),
        ("", 127.8, 0.035, None),
    ],
)
def test_the_first_echo_of_press_is_the_vendors(
    manufacturer: str, mhz: float, te_s: float, first_ms: float | None
) -> None:
    one = recording({"ProtocolName": "PRESS"})
    changed = replace(one.acquisition, manufacturer=manufacturer, spectrometer_frequency_mhz=mhz, echo_time_s=te_s)
    protocol, note = proposed_protocol(replace(one, acquisition=changed))
    if first_ms is None:
        assert protocol.intervals_s == () and "two equal echoes" in note
        return
    # 90, half of the first echo, 180, half of both, 180, half of the second: shifts are refocused where sampling begins
    assert 1e3 * np.array(protocol.intervals_s) == pytest.approx([first_ms / 2, 500 * te_s, 500 * te_s - first_ms / 2])
    assert f"a first echo of {first_ms} ms as PRESS of {manufacturer}" in note


def test_what_a_person_names_comes_before_the_header() -> None:
    assert proposed_protocol(recording({"ProtocolName": "removed"}), "slaser")[0].sequence == "slaser"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({}, "none of them is given"),
        ({"SequenceName": "removed"}, "found: SequenceName removed"),
        ({"SequenceName": "svs_special"}, r"svs_special \(a sequence that cannot be simulated\)"),
        ({"SequenceName": "press", "ProtocolName": "MEGA_GABA"}, "one transient of an edited measurement"),
    ],
)
def test_a_refusal_names_what_was_looked_at_and_found(header: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        proposed_protocol(recording(header))


@pytest.mark.parametrize(
    ("header", "bands"),
    [
        ({"SequenceName": "press", "ProtocolName": "MEGA_GABA"}, (1.9,)),
        ({"SequenceName": "svs_edit"}, (1.9,)),
        ({"SequenceName": "megapress", "ProtocolName": "GSH_edited"}, (4.56,)),
        ({"SequenceName": "HERMES_GABA_GSH"}, (1.9, 4.56)),
    ],
)
def test_edited_sequences_and_their_targets(header: dict[str, object], bands: tuple[float, ...]) -> None:
    one = recording(header)
    protocol, note = proposed_protocol(replace(one, data=np.repeat(one.data, 2, axis=2)))
    assert protocol.sequence == "megapress"
    assert protocol.editing is not None and protocol.editing.on_ppm == bands
    assert "Gaussian editing pulses" in note


def test_hercules_is_proposed_with_its_other_pulse() -> None:
    one = recording({"SequenceName": "HERCULES"})
    protocol, _ = proposed_protocol(replace(one, data=np.repeat(one.data, 2, axis=2)))
    assert protocol.editing is not None
    assert (protocol.editing.on_ppm, protocol.editing.instead_ppm) == ((1.9, 4.58), 4.18)


def test_edited_sequences_that_are_not_simulated() -> None:
    one = recording({"SequenceName": "megaslaser"})
    with pytest.raises(InputError, match="other than MEGA-PRESS"):
        proposed_protocol(replace(one, data=np.repeat(one.data, 2, axis=2)))
