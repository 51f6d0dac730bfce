"""The market, the days and the people, wired; with all the rest: the desk."""

import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from patang.app.reporting import Reporting
from patang.audit.linker import AuditLinker
from patang.identity.once import TakenOnce
from patang.identity.sign_in import SignIn
from patang.identity.tokens import Tokens

if TYPE_CHECKING:
    from patang.accounts.daily_login import DailyLogin
    from patang.alerts.service import PriceAlerts
    from patang.audit.sealing import AuditSeal
    from patang.backtest.asking import Backtests
    from patang.backtest.worker import ResearchWorker
    from patang.desk_view.research import Research
    from patang.desk_view.settings_view import SettingsPage
    from patang.features.morning import MorningService
    from patang.features.service import FeatureService
    from patang.identity.principal import Principal
    from patang.market.archive import ArchiveService
    from patang.market.feed_task import FeedTask
    from patang.notifications.trial import MessageTrial
    from patang.oauth.authorizations import Authorizations
    from patang.oauth.clients import ClientBook
    from patang.oauth.events import GrantEvents
    from patang.oauth.grants import Grants
    from patang.ports.client_documents import ClientDocuments
    from patang.strategies.service import SignalService
    from patang.tools.caller import Caller
    from patang.watchlists.service import WatchlistService

__all__ = ["Desk"]


class Desk(Reporting):
    """What one process of the desk is wired to. `environment` defaults to the process's own."""

    def audit_linker(self) -> AuditLinker:
        return AuditLinker(self.audit_store, self.dead_letters, self.clock, self.metrics)

    def features(self) -> "FeatureService":
        """One a process: its memory of the shards is what makes it fast."""
        return self._features

    def morning(self) -> "MorningService":
        from patang.features.morning import MorningService

        return MorningService(
            self.store,
            self.objects,
            self.clock,
            self.metrics,
            self.standing_settings,
            self.market_data,
            self.check_session,
        )

    def archive(self) -> "ArchiveService":
        from patang.audit.export import AuditExport
        from patang.market.archive import ArchiveService
        from patang.trade_log.day_log import DayLog
        from patang.trade_log.export import TradeLogExport

        return ArchiveService(
            self.store,
            self.objects,
            self.tick_stream,
            self.stream_reader,
            self.tables,
            TradeLogExport(DayLog(self.store), self.objects, self.tables),
            AuditExport(self.audit_log(), self.objects),
            self._audit_seal(),
            self.metrics,
            self.standing_settings,
            time.sleep,
        )

    def _audit_seal(self) -> "AuditSeal | None":
        """None where there is no bucket that keeps what it has been given, as at home."""
        from patang.audit.sealing import AuditSeal

        if self.audit_archive is None:
            return None
        return AuditSeal(self.objects, self.audit_archive, self.signer)

    def settings_page(self) -> "SettingsPage":
        from patang.desk_view.settings_view import SettingsPage

        return SettingsPage(self.store, self.settings_changes(), self.accounts().list)

    def message_trial(self) -> "MessageTrial":
        from patang.notifications.trial import MessageTrial

        return MessageTrial(self.store, self.messenger, self.clock)

    def daily_login(self) -> "DailyLogin":
        # Here, not at the top: one function alone looks at the day's logins.
        from patang.accounts.daily_login import DailyLogin

        return DailyLogin(
            self.store,
            self.accounts(),
            self.check_session,
            self.standing_settings,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def feed_task(self) -> "FeedTask":
        from patang.market.feed_task import FeedTask

        return FeedTask(self.ingester_tasks, self.standing_settings, self.metrics)

    def sign_in(self) -> SignIn:
        return SignIn(self.auth_store, self.accounts(), self.clock, self._session_opened)

    def _session_opened(self, account: str) -> None:
        try:
            self.reconciliations().ask([account])
        except Exception as error:
            # The login stands; the minute's reconciliation comes anyway.
            self.metrics.count("reconciliation_not_asked", error=type(error).__name__)

    def tokens(self) -> Tokens:
        return Tokens(self.store, self.auth_store, self.accounts(), self.clock)

    @cached_property
    def client_documents(self) -> "ClientDocuments":
        # Here, not at the top: of the functions two alone know clients.
        from patang.adapters.web.client_documents import WebDocuments

        return WebDocuments()

    def oauth_clients(self) -> "ClientBook":
        from patang.oauth.clients import ClientBook

        return ClientBook(self.auth_store, self.clock, self.client_documents)

    def authorizations(self) -> "Authorizations":
        from patang.oauth.authorizations import Authorizations

        return Authorizations(
            self.auth_store, self.oauth_clients(), self.clock, self._grant_events(), self.public_url()
        )

    def grants(self) -> "Grants":
        from patang.oauth.families import Families
        from patang.oauth.grants import Grants

        families = Families(self.auth_store, self.clock, self._grant_events())
        return Grants(
            self.auth_store, self.oauth_clients(), families, self.accounts(), self.clock, self.public_url()
        )

    def _grant_events(self) -> "GrantEvents":
        from patang.oauth.events import GrantEvents

        return GrantEvents(self.store, self.accounts(), self.clock, self.notifier)

    def request_state_keys(self) -> tuple[str, ...]:
        """What seals the state that a client carries between two rounds of one call: the first seals, all
        open. One secret of the deployment's, so that every instance knows it; none where there is none."""
        found = self.secrets.get(self.request_state_secret()) or {}
        return tuple(found[name] for name in ("key", "previous") if found.get(name))

    def request_state_secret(self) -> str:
        """The name of the secret that holds those keys."""
        return f"{self.variable('SECRET_PREFIX')}/mcp/request-state"

    def taken_once(self) -> TakenOnce:
        return TakenOnce(self.auth_store, self.clock)

    def caller(self, principal: "Principal") -> "Caller":
        """The principal before this desk's tools; the types prove here that it has all they need."""
        from patang.tools.caller import Caller

        return Caller(principal, self)

    def price_alerts(self) -> "PriceAlerts":
        # Here, not at the top: a function without the client's layer has no alerts.
        from patang.adapters.kite.alerts import KiteAlerts
        from patang.alerts.service import PriceAlerts

        return PriceAlerts(
            lambda account: KiteAlerts(self._kite_calls(account, None)),
            self.store,
            self.clock,
            self.desk_view().moment,
        )

    def watchlists(self) -> "WatchlistService":
        # Here, not at the top: it reads the whole list of instruments, which few functions do.
        from patang.watchlists.service import WatchlistService

        return WatchlistService(self.store, self.listings)

    def signals(self) -> "SignalService":
        return self._signals

    def research_worker(self) -> "ResearchWorker":
        # Here, not at the top: it runs in an image of its own, with packages that no layer has.
        from patang.adapters.candle_archive import CandleArchive
        from patang.adapters.option_archive import OptionArchive
        from patang.adapters.run_tables import ParquetRuns
        from patang.backtest.asked_work import AskedBacktests
        from patang.backtest.work import WORK
        from patang.backtest.worker import ResearchWorker
        from patang.model.signal_model import load_models

        candles = CandleArchive(self.objects)
        asked = AskedBacktests(
            candles,
            OptionArchive(candles),
            self.objects,
            ParquetRuns(),
            lambda: load_models(Path(self.variable("MODEL_PATH"))),
            self.models,
        )
        return ResearchWorker(self.objects, {**WORK, "backtest": asked})

    def backtests(self) -> "Backtests":
        # Here, not at the top: few functions are asked for backtests.
        from patang.backtest.asking import Backtests

        return Backtests(self.store, self.objects, self.research_machine, self.clock, self.models)

    def research(self) -> "Research":
        from patang.desk_view.research import Research

        return Research(self.store, self.objects, self.backtests())

    @cached_property
    def _signals(self) -> "SignalService":
        # Here, not at the top: only one function is deployed with the model's layer.
        from patang.model.signal_model import load_models
        from patang.strategies.registry import strategies
        from patang.strategies.service import SignalService

        folder = Path(self.variable("MODEL_PATH"))
        return SignalService(
            self.store,
            self.objects,
            strategies(),
            lambda: load_models(folder),
            self.settings,
            self.clock,
            self.metrics,
        )

    @cached_property
    def _features(self) -> "FeatureService":
        # Here, not at the top: numpy is in the layers of few functions.
        from patang.features.closing import MinuteCloser
        from patang.features.service import FeatureService

        closer = MinuteCloser(self.store, self.objects, self.stream_reader, self.workflows, self.metrics)
        return FeatureService(
            self.store,
            self.objects,
            self.stream_reader,
            closer,
            self.dead_letters,
            self.settings,
            self.metrics,
            self.clock,
        )
