"""No line lets a secret out, in the shapes in which they really come; and what is none stays to be read."""

import hashlib
import json
import traceback

import pytest
from pydantic import BaseModel, ValidationError

from patang.approvals.link import new_nonce
from patang.trail.redaction import HIDDEN, redacted, redacted_error

# Made up, in the shapes of the broker's documentation: 32 letters and figures, and an API key of 16.
ACCESS = "yNq7GmDpLZ3vKxT0RbcJ84WhsQfEaU2i"
SECRET = "q4r5s6t7u8v9w0x1y2z3a4b5c6d7e8f9"
REQUEST = "R8tYpLm2Qw3ErT5yUi7OpAsD9fGh1JkL"
API_KEY = "abcd1234efgh5678"
CHECKSUM = hashlib.sha256(f"{API_KEY}{REQUEST}{SECRET}".encode()).hexdigest()
NONCE = "k3J9_xQ-7aBcD2eFgH4iJk"
BEARER = "patang_at_9kLmN0pQrStUvWxYz1234567890abcd"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvd25lciJ9.4Adcj3UFYzPUVaVF43FmMab6RlaQD8A9V8wFzzht-KQ"
TASK_TOKEN = "AQCEAAAAKgAAAAMAAAAAAAAAATgzKx9" + "Zk3Qw8" * 60
SHORT = "hunter2go"
CONFIRMING = hashlib.sha512(b"a subscription").hexdigest()
SECRETS = (
    ACCESS, SECRET, REQUEST, CHECKSUM, NONCE, BEARER, JWT, TASK_TOKEN, CONFIRMING, SHORT, "492817",
)  # fmt: skip

LEAKS = [
    f"Authorization: token {API_KEY}:{ACCESS}",
    f"headers={{'X-Kite-Version': '3', 'Authorization': 'token {API_KEY}:{ACCESS}'}}",
    f'{{"authorization": "Bearer {BEARER}", "accept": "*/*"}}',
    f"[(b'authorization', b'Bearer {BEARER}'), (b'host', b'desk.example')]",
    "proxy-authorization: Basic b3duZXI6aHVudGVyMmdv",
    f"got {{'user_id': 'AB1234', 'access_token': '{ACCESS}', 'public_token': '{ACCESS[::-1]}'}}",
    f'{{"status": "success", "data": {{"access_token": "{ACCESS}", "api_key": "{API_KEY}"}}}}',
    f"POST /session/token api_key={API_KEY}&request_token={REQUEST}&checksum={CHECKSUM}",
    f"GET /kite/callback?action=login&status=success&request_token={REQUEST} 302",
    f"checksum {CHECKSUM} was refused",
    f"wss://ws.kite.trade/?api_key={API_KEY}&access_token={ACCESS}",
    f"api_secret='{SECRET}'",
    f"the secret patang/paper/main holds {SECRET}",
    f"https://desk.example/approvals/{NONCE} was opened",
    f"/approvals/{NONCE}/decide",
    f"nonce={NONCE}",
    f'{{\\"nonce\\": \\"{NONCE}\\"}}',
    f"csrf_token: {ACCESS}",
    f"Cookie: session={BEARER}",
    f"a client with {JWT}",
    f"task token {TASK_TOKEN} no longer waits",
    f"SendTaskSuccess(taskToken='{TASK_TOKEN}')",
    "password=hunter2go",
    "totp: 492817",
    f"code_verifier={ACCESS}{ACCESS}",
    f"('request_token', '{REQUEST}')",
    f"KeyError: '{ACCESS}'",
    # As AWS and other people's programs spell names.
    '{"accessToken": "hunter2go"}',
    json.dumps(dict.fromkeys(("apiSecret", "refreshToken"), SHORT)),
    str({"Name": "patang/paper/main", **dict.fromkeys(("SecretString",), SHORT)}),
    "https://bucket.example/key?X-Amz-Security-Token=hunter2go&X-Amz-Expires=60",
    f"https://sns.ap-south-1.amazonaws.com/?Action=ConfirmSubscription&Token={CONFIRMING}",
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_secret_does_not_get_out(text):
    told = redacted(text)
    assert HIDDEN in told
    assert [secret for secret in (*SECRETS, "b3duZXI6aHVudGVyMmdv") if secret in told] == []
    # Nor the greater part of one.
    assert [secret for secret in SECRETS if len(secret) > 12 and secret[6:-4] in told] == []


def test_the_key_ids_of_aws_and_what_belongs_to_them_do_not_get_out():
    key, secret = "ASIAQ4WXAMPLEKEYID12", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    told = redacted(f"AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} aws_session_token={TASK_TOKEN}")
    assert [part for part in (key, secret, TASK_TOKEN) if part in told] == []


@pytest.mark.parametrize("_try", range(50))
def test_no_nonce_that_the_desk_makes_gets_out_of_its_address(_try):
    nonce = new_nonce()
    assert nonce not in redacted(
        f"SMS to the owner: https://x.execute-api.ap-south-1.amazonaws.com/approvals/{nonce}"
    )


KEPT = [
    "N2608180AB3CD4EF5GH6 is ACKED",
    "order O-3f2a9c was proposed for signal S202608181000-RELIANCE26AUG2900CE-long_options",
    "2026-08-18-1000",
    "2026-08-18T10:00:00+05:30",
    "8f507cfc-6a2b-4697-b07a-ac58fc914c95",
    "historical_candles/symbol=RELIANCE/date=2026-08-18/candles_RELIANCE_2026-08-18.parquet",
    "arn:aws:states:ap-south-1:123456789012:stateMachine:patang-paper-trading-cycle",
    "shardId-000000000000 at 49590338271490256608559692538361571095921575989136588898",
    "https://desk.example/console/orders",
    "BANKNIFTY26AUG52000PE bought 15 at 312.45, status code 200, error code: 429",
    "(order_workflow) knows no operation 'secretly'",
    "the token was refused: log in again",
    "reconciliation_mismatch of service desk",
    "1-5759e988-bd862e3fe1be46a994272793",
    "no secret patang/paper/main is stored",
]


@pytest.mark.parametrize("text", LEAKS)
def test_what_is_hidden_once_stays_as_it_is(text):
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_stays_to_be_read(text):
    assert redacted(text) == text


def test_of_a_mapping_what_is_named_a_secret_goes_whole_and_the_rest_by_its_looks():
    told = redacted(
        {
            "account": "main",
            "access_token": "short",
            "kite_api_secret": ["a", "b"],
            "headers": {"Authorization": "x", "Accept": "*/*"},
            "rows": [f"token {API_KEY}:{ACCESS}", 3, None, 2.5, True],
        }
    )
    assert told == {
        "account": "main",
        "access_token": HIDDEN,
        "kite_api_secret": HIDDEN,
        "headers": {"Authorization": HIDDEN, "Accept": "*/*"},
        "rows": [f"token {HIDDEN}", 3, None, 2.5, True],
    }
    json.dumps(told)


class Login(BaseModel):
    user: int
    access_token: str


def failing():
    try:
        raise KeyError(f"access_token={ACCESS}")
    except KeyError as cause:
        cause.add_note(f"asked with {SECRET}")
        raise PermissionError(f"api_secret={SECRET} was refused") from cause


def test_an_error_goes_on_as_itself_without_its_secrets_and_without_those_of_its_cause():
    with pytest.raises(PermissionError) as found:
        failing()
    clean = redacted_error(found.value)
    told = "".join(traceback.format_exception(clean))
    assert clean is found.value
    assert [secret for secret in SECRETS if secret in told] == []
    assert "was refused" in told


def test_an_error_whose_words_cannot_be_changed_becomes_one_that_names_it():
    with pytest.raises(ValidationError) as found:
        Login.model_validate({"user": f"token {API_KEY}:{ACCESS}", "access_token": ACCESS})
    assert ACCESS[-18:] in str(found.value), "it shows the end of what it did not take"
    clean = redacted_error(found.value)
    assert ACCESS[-18:] not in str(clean)
    assert str(clean).startswith("ValidationError: 1 validation error for Login")
