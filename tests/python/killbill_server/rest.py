"""What the tests ask of a Kill Bill server over REST, and its test clock."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import psycopg

from .server import Running

Body = Mapping[str, Any] | Sequence[Any]

TEST_TAG = "00000000-0000-0000-0000-000000000006"

_WAIT_SECONDS = 60

# What was done leaves these tables.
_UNDONE = """
    select
        (select count(*) from bus_events)
        + (select count(*) from notifications where effective_date <= %s)
"""


class Refused(Exception):
    """An answer that is not one of success."""


class KillBill:
    """One tenant of a server."""

    def __init__(self, server: Running, tenant: str) -> None:
        self._address = server.address
        self._dsn = server.dsn
        self._tenant = tenant
        self._post("tenants", {"apiKey": tenant, "apiSecret": tenant, "externalKey": tenant})

    # -- the clock -------------------------------------------------------------------------------

    def set_clock(self, instant: datetime) -> None:
        """For every tenant; the server does first what falls due until then."""
        text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        self._call("POST", "test/clock", parameters={"requestedDate": text, "timeoutSec": "0"})

    def settle(self) -> None:
        """Wait until nothing is left in the queues of any tenant.

        The server could be asked for it, but it looks once in a second.
        """
        now = datetime.fromisoformat(self._get("test/clock")["currentUtcTime"])
        until = time.monotonic() + _WAIT_SECONDS
        with psycopg.connect(self._dsn, autocommit=True) as session:
            while session.execute(_UNDONE, (now.replace(tzinfo=None),)).fetchone() != (0,):
                if time.monotonic() > until:
                    raise TimeoutError("the queues of the Kill Bill server do not become empty")
                time.sleep(0.02)

    # -- catalogs and accounts -------------------------------------------------------------------

    def upload_catalog(self, xml: str) -> None:
        self._call("POST", "catalog/xml", xml.encode(), content_type="text/xml")

    def create_account(self, key: str, currency: str = "USD", **fields: object) -> str:
        return self._post(
            "accounts", {"externalKey": key, "name": key, "currency": currency, **fields}
        )

    def close_account(self, account: str) -> None:
        """With all its subscriptions, each by the policy of the catalog."""
        parameters = {"cancelAllSubscriptions": "true"}
        self._call("DELETE", f"accounts/{account}", parameters=parameters)

    def upload_overdue_states(self, xml: str) -> None:
        self._call("POST", "overdue/xml", xml.encode(), content_type="text/xml")

    def add_payment_method(self, account: str) -> str:
        body = {"pluginName": "__EXTERNAL_PAYMENT__", "pluginInfo": {}}
        return self._post(f"accounts/{account}/paymentMethods", body, isDefault="true")

    def tag_account(self, account: str, tag: str) -> None:
        self._post(f"accounts/{account}/tags", [tag])

    # -- subscriptions ---------------------------------------------------------------------------

    def subscribe(
        self,
        account: str,
        plan: str,
        key: str,
        bundle: str,
        prices: Mapping[str, Decimal] | None = None,
        **parameters: str,
    ) -> str:
        """The prices are overrides, by phase type."""
        body: dict[str, Any] = {"accountId": account, "planName": plan, "externalKey": key}
        body["bundleExternalKey"] = bundle
        if prices:
            body["priceOverrides"] = [
                {"phaseType": phase, "recurringPrice": str(price)}
                for phase, price in prices.items()
            ]
        return self._post("subscriptions", body, **{**_COMPLETE, **parameters})

    def subscription(self, subscription: str) -> Any:  # noqa: ANN401 - JSON
        return self._get(f"subscriptions/{subscription}")

    def change_plan(self, subscription: str, plan: str, **parameters: str) -> None:
        self._put(f"subscriptions/{subscription}", {"planName": plan}, **_COMPLETE, **parameters)

    def undo_change(self, subscription: str) -> None:
        self._put(f"subscriptions/{subscription}/undoChangePlan")

    def cancel(self, subscription: str, **parameters: str) -> None:
        self._call(
            "DELETE", f"subscriptions/{subscription}", parameters={**_COMPLETE, **parameters}
        )

    def uncancel(self, subscription: str) -> None:
        self._put(f"subscriptions/{subscription}/uncancel")

    def set_bill_cycle_day(self, subscription: str, day: int) -> None:
        self._put(f"subscriptions/{subscription}/bcd", {"billCycleDayLocal": day})

    def pause(self, bundle: str, **parameters: str) -> None:
        self._put(f"bundles/{bundle}/pause", **parameters)

    def resume(self, bundle: str, **parameters: str) -> None:
        self._put(f"bundles/{bundle}/resume", **parameters)

    def bundles(self, account: str) -> Any:  # noqa: ANN401 - JSON
        return self._get(f"accounts/{account}/bundles")

    def transfer(self, bundle: str, account: str, **parameters: str) -> str:
        """Gives the id of the bundle that the other account has now."""
        return self._post(f"bundles/{bundle}", {"accountId": account}, **parameters)

    def record_usage(self, subscription: str, unit: str, amounts: Mapping[str, int]) -> None:
        records = [{"recordDate": date, "amount": amount} for date, amount in amounts.items()]
        self._call(
            "POST",
            "usages",
            _json(
                {
                    "subscriptionId": subscription,
                    "trackingId": "-".join(amounts),
                    "unitUsageRecords": [{"unitType": unit, "usageRecords": records}],
                }
            ),
        )

    # -- invoices --------------------------------------------------------------------------------

    def invoices(self, account: str) -> Any:  # noqa: ANN401 - JSON
        found = self._get(f"accounts/{account}/invoices", withItems="true")
        return [self._get(f"invoices/{one['invoiceId']}", withItems="true") for one in found]

    def payments(self, account: str) -> Any:  # noqa: ANN401 - JSON
        return self._get(f"accounts/{account}/invoicePayments")

    def adjust_item(self, account: str, invoice: str, item: str, amount: Decimal) -> None:
        body = {"accountId": account, "invoiceItemId": item, "amount": str(amount)}
        self._post(f"invoices/{invoice}", body)

    def charge(self, account: str, amount: Decimal, currency: str = "USD") -> None:
        """An external charge, on an invoice that is committed at once."""
        body = [
            {
                "accountId": account,
                "amount": str(amount),
                "currency": currency,
                "description": "Setup",
            }
        ]
        self._call(
            "POST", f"invoices/charges/{account}", _json(body), parameters={"autoCommit": "true"}
        )

    def credit(self, account: str, amount: Decimal, currency: str = "USD") -> None:
        body = [{"accountId": account, "amount": str(amount), "currency": currency}]
        self._call("POST", "credits", _json(body), parameters={"autoCommit": "true"})

    def pay(self, account: str, invoice: str, amount: Decimal) -> None:
        """With money that came from outside."""
        body = {"accountId": account, "targetInvoiceId": invoice, "purchasedAmount": str(amount)}
        self._post(f"invoices/{invoice}/payments", body, externalPayment="true")

    def refund(self, payment: str, amount: Decimal) -> None:
        self._post(f"invoicePayments/{payment}/refunds", {"amount": str(amount)})

    # -- requests --------------------------------------------------------------------------------

    def _get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self._call("GET", path, parameters=parameters)[0] or "null")

    def _put(self, path: str, body: Body | None = None, **parameters: str) -> None:
        self._call("PUT", path, None if body is None else _json(body), parameters=parameters)

    def _post(self, path: str, body: Body, **parameters: str) -> str:
        """Gives the id of what was created."""
        _, location = self._call("POST", path, _json(body), parameters=parameters)
        return location.rstrip("/").split("/")[-1].split("?")[0]

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        parameters: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> tuple[bytes, str]:
        headers = {
            "Authorization": _LOGIN,
            "Content-Type": content_type,
            "Accept": "application/json",
            "X-Killbill-ApiKey": self._tenant,
            "X-Killbill-ApiSecret": self._tenant,
            "X-Killbill-CreatedBy": "tests",
        }
        url = f"{self._address}/1.0/kb/{path}"
        answer = _ask(method, url, parameters or {}, headers, body)
        if method != "GET":
            self.settle()
        return answer


# The server's own administrator, of its default configuration.
_LOGIN = "Basic " + base64.b64encode(b"admin:password").decode()
_COMPLETE = {"callCompletion": "true", "callTimeoutSec": "30"}


def _json(body: Body) -> bytes:
    return json.dumps(body).encode()


def _ask(
    method: str,
    url: str,
    parameters: Mapping[str, object],
    headers: Mapping[str, str],
    body: bytes | None,
) -> tuple[bytes, str]:
    query = f"?{urlencode(parameters)}" if parameters else ""
    request = urllib.request.Request(url + query, body, dict(headers), method=method)
    try:
        with urllib.request.urlopen(request, timeout=180) as response:
            return response.read(), response.headers.get("Location", "")
    except urllib.error.HTTPError as error:
        text = error.read().decode()[:2000]
        raise Refused(f"{method} {url}{query}: {error.code} {text}") from None
