"""Makes the golden messages with an implementation that is not ours.

    python3 -m venv venv && venv/bin/pip install python-diameter==0.9.0 && venv/bin/python make.py

Writes one .hex file per message beside this script. `../golden.rs` reads them with our reader; with `--read FILE..`
it does the reverse and prints what the library makes of messages that our writer made.
"""
import datetime
import pathlib
import sys

from diameter.message import Message, constants as c
from diameter.message.avp.grouped import (
    FinalUnitIndication, GrantedServiceUnit, MultipleServicesCreditControl, ProxyInfo, PsInformation,
    RedirectServer, RequestedServiceUnit, ServiceInformation, SubscriptionId, UsedServiceUnit,
)
from diameter.message.commands import (
    AbortSessionRequest, CapabilitiesExchangeRequest, CreditControlAnswer, CreditControlRequest,
    DeviceWatchdogRequest, DisconnectPeerRequest, ReAuthAnswer, ReAuthRequest,
)

HERE = pathlib.Path(__file__).parent
WHEN = datetime.datetime(2026, 3, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)


def ids(message, hop_by_hop, application=0):
    message.header.hop_by_hop_identifier = hop_by_hop
    message.header.end_to_end_identifier = 0x0A000000 + hop_by_hop
    message.header.application_id = application
    return message


def gateway(message):
    message.origin_host = b"pgw.epc.example"
    message.origin_realm = b"epc.example"
    return message


def capabilities():
    cer = gateway(ids(CapabilitiesExchangeRequest(), 1))
    cer.host_ip_address = ["192.0.2.7", "2001:db8::7"]
    cer.vendor_id = 0
    cer.product_name = "A gateway"
    cer.origin_state_id = 1772366400
    cer.supported_vendor_id = [10415]
    cer.auth_application_id = [4]
    cer.firmware_revision = 10206
    return cer


def credit_control(kind, number):
    ccr = gateway(ids(CreditControlRequest(), 16 + number, 4))
    ccr.header.is_proxyable = True
    ccr.session_id = "pgw.epc.example;1772366400;7"
    ccr.destination_realm = b"heyon.example"
    ccr.auth_application_id = 4
    ccr.service_context_id = "8.32251@3gpp.org"
    ccr.cc_request_type = kind
    ccr.cc_request_number = number
    ccr.origin_state_id = 1772366400
    ccr.event_timestamp = WHEN
    ccr.subscription_id = [
        SubscriptionId(c.E_SUBSCRIPTION_ID_TYPE_END_USER_IMSI, "999700000000001"),
        SubscriptionId(c.E_SUBSCRIPTION_ID_TYPE_END_USER_E164, "447700900123"),
    ]
    ccr.multiple_services_indicator = 1
    return ccr


def place():
    return ServiceInformation(ps_information=PsInformation(
        tgpp_charging_id=bytes.fromhex("00000007"), tgpp_pdp_type=0, pdp_address=["10.45.0.2"],
        sgsn_address=["192.0.2.6"], ggsn_address=["192.0.2.7"], tgpp_imsi_mcc_mnc="99970",
        tgpp_ggsn_mcc_mnc="99970", tgpp_nsapi=b"5", called_station_id="internet", tgpp_selection_mode="0",
        tgpp_charging_characteristics="0800", tgpp_sgsn_mcc_mnc="310410", tgpp_ms_timezone=bytes.fromhex("8000"),
        tgpp_user_location_info=bytes.fromhex("82130014123413001401234567"), tgpp_rat_type=b"\x06"))


def initial():
    ccr = credit_control(1, 0)
    ccr.proxy_info = [ProxyInfo(b"dra1.example", b"\x01\x02\x03"), ProxyInfo(b"dra2.example", b"\x04")]
    ccr.multiple_services_credit_control = [
        MultipleServicesCreditControl(requested_service_unit=RequestedServiceUnit(), rating_group=1)]
    ccr.service_information = place()
    return ccr


def update():
    ccr = credit_control(2, 1)
    ccr.multiple_services_credit_control = [
        MultipleServicesCreditControl(
            requested_service_unit=RequestedServiceUnit(cc_total_octets=10_000_000),
            used_service_unit=[
                UsedServiceUnit(reporting_reason=3, cc_input_octets=1_000, cc_output_octets=5_000_000_000)],
            rating_group=1),
        MultipleServicesCreditControl(
            used_service_unit=[UsedServiceUnit(cc_time=60, cc_total_octets=77)],
            rating_group=2, service_identifier=[9], reporting_reason=[4]),
    ]
    ccr.service_information = place()
    return ccr


def termination():
    ccr = credit_control(3, 2)
    ccr.termination_cause = 1
    ccr.multiple_services_credit_control = [
        MultipleServicesCreditControl(
            used_service_unit=[UsedServiceUnit(cc_total_octets=123)], rating_group=1, reporting_reason=[2])]
    return ccr


def answer():
    cca = ids(CreditControlAnswer(), 17, 4)
    cca.header.is_proxyable = True
    cca.session_id = "pgw.epc.example;1772366400;7"
    cca.result_code = 2001
    cca.origin_host = b"ocs.heyon.example"
    cca.origin_realm = b"heyon.example"
    cca.auth_application_id = 4
    cca.cc_request_type = 2
    cca.cc_request_number = 1
    cca.cc_session_failover = 1
    cca.credit_control_failure_handling = 0
    cca.multiple_services_credit_control = [
        MultipleServicesCreditControl(
            granted_service_unit=GrantedServiceUnit(cc_total_octets=10_000_000), rating_group=1,
            validity_time=600, result_code=2001, volume_quota_threshold=2_000_000, quota_holding_time=120),
        MultipleServicesCreditControl(
            granted_service_unit=GrantedServiceUnit(cc_total_octets=1_048_576), rating_group=2,
            service_identifier=[9], validity_time=60, result_code=2001,
            final_unit_indication=FinalUnitIndication(
                final_unit_action=1,
                redirect_server=RedirectServer(
                    redirect_address_type=2, redirect_server_address="https://heyon.example/top-up"))),
        MultipleServicesCreditControl(rating_group=3, result_code=4012),
    ]
    return cca


def server(message, hop_by_hop):
    ids(message, hop_by_hop, 4)
    message.header.is_proxyable = True
    message.session_id = "pgw.epc.example;1772366400;7"
    message.origin_host = b"ocs.heyon.example"
    message.origin_realm = b"heyon.example"
    message.destination_realm = b"epc.example"
    message.destination_host = b"pgw.epc.example"
    message.auth_application_id = 4
    return message


def re_auth():
    rar = server(ReAuthRequest(), 33)
    rar.re_auth_request_type = 0
    rar.rating_group = 1
    return rar


def re_auth_answer():
    raa = gateway(ids(ReAuthAnswer(), 33, 4))
    raa.header.is_proxyable = True
    raa.session_id = "pgw.epc.example;1772366400;7"
    raa.result_code = 2002
    return raa


def watchdog():
    dwr = gateway(ids(DeviceWatchdogRequest(), 2))
    dwr.origin_state_id = 1772366400
    return dwr


def disconnect():
    dpr = gateway(ids(DisconnectPeerRequest(), 3))
    dpr.disconnect_cause = 0
    return dpr


MESSAGES = {
    "cer": capabilities, "dwr": watchdog, "dpr": disconnect, "ccr-initial": initial, "ccr-update": update,
    "ccr-termination": termination, "cca": answer, "rar": re_auth, "raa": re_auth_answer,
    "asr": lambda: server(AbortSessionRequest(), 34),
}


def show(avps, depth=1):
    for avp in avps:
        print("  " * depth + f"{avp.name} {avp.value if not isinstance(avp.value, list) else ''}")
        if isinstance(avp.value, list):
            show(avp.value, depth + 1)


if sys.argv[1:2] == ["--read"]:
    for path in sys.argv[2:]:
        message = Message.from_bytes(bytes.fromhex(pathlib.Path(path).read_text()))
        print(f"{path}: {message}")
        show(message.avps)
else:
    for name, make in MESSAGES.items():
        lines = make().as_bytes().hex()
        text = "\n".join(lines[at:at + 96] for at in range(0, len(lines), 96))
        (HERE / f"{name}.hex").write_text(text + "\n")
