"""The list of header names is complete, well-formed and never wrong about what is no leak."""

from __future__ import annotations

from collections import Counter

import pytest

from whosaw.identifiers import HeaderClass, catalogue, classify
from whosaw.identifiers.catalogue import fold_name

NAMES = """
MSISDN X-MSISDN X-MSISDN-Number XMSISDN IMSISDN I-MSISDN Y-MSISDN X-BAM-MSISDN X-INTERNET-MSISDN X-Forwarded-For-MSISDN X-MSISDN-Alias
MDN X-MDN X-MIN _rapmdn Rapmin _rapmin Igcli CLI X-Phone-Number X-Up-Calling-Line-ID X-Up-Calling-Line X-Up-LSID X-Up-CH-MSISDN
X-Up-Subno X-Up-3GPP-IMEISV X-Up-VodacomGW-Subid X-Up-3GPP-SGSN-MCC-MNC X-Up-Bear-Type X-Up-Bearer-Type X-Up-Uplink X-Up-Subscriber-COS
X-OPWV-DDM-Subscriber X-OPWV-DDM-Identity X-OPWV-DDM-HttpMiscDD X-Nokia-MSISDN X-Nokia-IMSI X-Nokia-Alias X-Nokia-IPAddress
X-Nokia-IP_ADDRESS X-Nokia-RemoteSocket X-Nokia-LocalSocket X-Nokia-ChargingID X-Nokia-CHARGING_ID X-Nokia-PrepaidInd
X-Nokia-PREPAID_IND X-Nokia-PrepaidID X-Nokia-RoamingID X-Nokia-SGSNIPAddress X-Nokia-GGSNIPAddress X-Nokia-SGSN X-Nokia-GGSN
X-Nokia-Gateway X-Nokia-Bearer X-Nokia-MaxDownlinkBitrate X-Nokia-MaxUplinkBitrate X-Nokia-CONNECTION_MODE X-Nokia-AUTHORIZATION
X-Nokia-WAP-LOC-LAT X-Nokia-WAP-LOC-LONG X-Nokia-WAP-LOC-* X-Nokia-WAP-LOC-GSM-INFORMATION X-Nokia-WAP-LOC-ACCURACY
X-WAP-Network-Client-MSISDN X-WAP-MSISDN X-WAP-3GPP-IMSI X-WAP-3GPP-SGSN-MCC-MNC X-WAP-3GPP-SGSN-ADDRESS X-WAP-3GPP-RAT-TYPE
X-WAP-Client-IP X-WAP-3GPP-MSISDN X-WAP-3GPP-Charging-ID X-WAP-3GPP-User-Class X-WAP-FH-Subscriber-Info X-WAP-ClientID X-WAPIPADDR
X-Wap-Proxy-Cookie X-MSP-MSISDN X-MSP-CLID X-MSP-APN X-HTS-CLID X-FH-MSISDN X-WSB-CLI X-WTE-MSISDN X-WSB-Identity
X-Drutt-Portal-User-MSISDN X-Drutt-Portal-User-ID X-Cisco-MSISDN X-Cisco-IMSI X-Ericsson-MSISDN X-Huawei-MSISDN X-Huawei-NetworkType
X-Huawei-NASIP X-Network-Info X-Subscriber-Info X-Access-Subnym X-GGSNIP X-APN-ID X-APN X-H3G-MSISDN X-H3G-Party-ID X-H3G-Party-User-ID
X-H3G-Acct-Data X-H3G-Device-Name X-Orange-CLI X-Orange-ID X-Orange-Roaming X-VF-ACR X-SDP-MSISDN X-Int-Opco X-Intp-Opco X-VF-Trace-*
X-Vodafone-MSISDN X-VF-Subscriber X-DU-MSISDN X-Zain-MSISDN X-Zain-Subscriber X-Telenor-MSISDN X-Telenor-ACR X-Three-MSISDN
X-Hutchison-Subscriber X-Operator-MSISDN X-Subscriber-ID X-Subscriber-IMSI X-Party-ID X-IMSI IMSI IMEI X-IMEI X-Device-IMEI X-ICCID
X-UIDH X-ACR X-Amobee-1 X-Amobee-2 X-Saucer ClientID RIM-Device-ID X-AvantGo-UserID X-AvantGo-DeviceID X-JPhone-UID X-DCMGUID X-EM-UID
X-EM-GUID X_MTI_USERNAME X_MTI_EMAIL X_MTI_EMPID X-EM-EMAIL X-EM-NAME User-Identity-Forward-msisdn Plain-User-Identity-Forward-msisdn
imsi apn LBS-ZoneID LBS-EventTime o2gw-id X-Forwarded-For Forwarded Via X-Real-IP Client-IP UserIP Proxy-Client-IP WL-Proxy-Client-IP
"""
NEVER = ["X-Wap-Profile", "X-ATT-DeviceId", "X-FCCKV2", "X-Requested-With"]


def test_the_list_has_at_least_a_hundred_and_fifty_names_and_a_version():
    assert len(catalogue().headers) >= 150
    assert catalogue().version


def test_no_name_stands_twice_after_folding():
    counted = Counter((entry.place, fold_name(entry.name)) for entry in catalogue().headers)
    assert [name for name, n in counted.items() if n > 1] == []


def test_every_source_is_explained():
    assert {source for entry in catalogue().headers for source in entry.source} == set(catalogue().sources)
    assert all(entry.source and entry.family for entry in catalogue().headers)


@pytest.mark.parametrize("name", NAMES.split())
def test_every_documented_name_is_classified_however_it_is_spelled(name):
    name = name.replace("*", "Anything")
    for spelled in (
        name,
        name.lower(),
        name.upper(),
        name.replace("-", "_"),
        name.replace("-", "."),
        "HTTP_" + name.upper().replace("-", "_"),
    ):
        entry = classify(spelled)
        assert entry is not None
        assert entry.known


def test_the_list_holds_the_documented_names_and_no_other():
    assert sorted(entry.name for entry in catalogue().headers) == sorted(NAMES.split())


@pytest.mark.parametrize("name", NEVER)
def test_a_known_false_positive_is_never_classified(name):
    assert classify(name) is None
    assert classify(name.upper().replace("-", "_")) is None
    assert classify("HTTP_" + name.replace("-", "_")) is None


def test_every_known_false_positive_is_listed_with_its_reason():
    assert [innocent.name for innocent in catalogue().never] == NEVER
    assert all(innocent.why for innocent in catalogue().never)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("X-Up-Calling-Line-ID", "msisdn"),
        ("X-Up-Subno", "msisdn"),
        ("X-Nokia-IMSI", "imsi"),
        ("X-Up-3GPP-IMEISV", "imei"),
        ("X-ICCID", "iccid"),
        ("X-VF-ACR", "pseudonym"),
        ("X-Forwarded-For", "internal_ip"),
        ("X-Nokia-WAP-LOC-LAT", "location"),
        ("X-Nokia-WAP-LOC-CELL", "location"),
        ("X-APN", "network"),
        ("X-H3G-Device-Name", "handset"),
        ("X_MTI_EMAIL", "person"),
        ("User-Identity-Forward-msisdn", "msisdn"),
    ],
)
def test_the_class_is_the_worst_a_header_carries(name, expected):
    entry = classify(name)
    assert entry is not None
    assert entry.cls == HeaderClass(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("X-Acme-MSISDN", "msisdn"),
        ("x_acme.Sub-No", "msisdn"),
        ("X-Acme-Calling-Line-Id-2", "msisdn"),
        ("X-Acme-UID", "pseudonym"),
        ("X-Acme-IMSI", "imsi"),
    ],
)
def test_an_unlisted_name_is_judged_by_how_its_letters_end(name, expected):
    entry = classify(name)
    assert entry is not None
    assert not entry.known
    assert (entry.name, entry.cls, entry.grade) == (name, HeaderClass(expected), "C")


@pytest.mark.parametrize("name", ["Accept", "Host", "User-Agent", "Cookie", "Referer", "X-Frame-Options", "X-Request-Id", "", "-", "ü"])
def test_ordinary_names_mean_nothing(name):
    assert classify(name) is None
