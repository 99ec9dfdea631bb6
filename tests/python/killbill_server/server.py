"""The Kill Bill server itself: Tomcat with its WAR, in test mode, on a free port."""

from __future__ import annotations

import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .artifacts import KILL_BILL, TOMCAT, fetched, java, unpack
from .database import Database, free_port

_START_SECONDS = 180

# Built for Java 8 and 11: its byte code writers reach into what later ones close.
_OPENED = (
    "java.base/java.lang",
    "java.base/java.util",
    "java.base/java.net",
    "java.base/java.io",
    "java.base/java.text",
    "java.base/java.security",
    "java.base/sun.net.www.protocol.file",
    "java.base/sun.net.www.protocol.http",
    "java.base/sun.net.www.protocol.https",
    "java.base/sun.net.www.protocol.jar",
    "java.rmi/sun.rmi.transport",
)

_CONTAINER = """<Server port="-1">
  <Service name="Catalina">
    <Connector port="{port}" address="127.0.0.1" protocol="HTTP/1.1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" autoDeploy="false" deployOnStartup="false">
        <Context path="" docBase="{application}"/>
      </Host>
    </Engine>
  </Service>
</Server>
"""

# Looking through two hundred libraries for annotations takes longer than all the rest.
_CLASSES = """common.loader="${catalina.home}/lib","${catalina.home}/lib/*.jar"
server.loader=
shared.loader=
tomcat.util.scan.StandardJarScanFilter.jarsToSkip=*.jar
"""

# Every request hashes the tenant's secret: by default that takes longer than the rest of it.
_SETTINGS = """org.killbill.dao.url={jdbc}
org.killbill.dao.user=postgres
org.killbill.dao.password=unused
org.killbill.billing.osgi.dao.url={jdbc}
org.killbill.billing.osgi.dao.user=postgres
org.killbill.billing.osgi.dao.password=unused
org.killbill.dao.logLevel=TRACE
org.killbill.server.multitenant=true
org.killbill.server.test.mode=true
org.killbill.invoice.sanitySafetyBoundEnabled=false
org.killbill.invoice.maxDailyNumberOfItemsSafetyBound=-1
org.killbill.catalog.uri=SpyCarAdvanced.xml
org.killbill.notificationq.main.sleep=50
org.killbill.notificationq.main.claimed=10
org.killbill.notificationq.main.queue.mode=STICKY_POLLING
org.killbill.persistent.bus.external.inMemory=true
org.killbill.persistent.bus.main.queue.mode=STICKY_EVENTS
org.killbill.persistent.bus.main.sleep=50
org.killbill.tenant.broadcast.rate=1s
org.killbill.osgi.bundle.install.dir={bundles}
org.killbill.server.updateCheck.skip=true
org.killbill.security.shiroNbHashIterations=1
"""

_LOGGING = """<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
"""


@dataclass(frozen=True)
class Running:
    """Where a server answers, and the DSN of the database that it fills."""

    address: str
    dsn: str


@contextmanager
def running(database: Database) -> Iterator[Running]:
    """Start it, and say where when it is healthy."""
    with tempfile.TemporaryDirectory(prefix="tidemill-killbill-") as folder:
        home = Path(folder)
        port = free_port()
        log = home / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                _command(home, port, database.jdbc),
                cwd=home,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(process, address, log)
            yield Running(address, database.dsn)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _command(home: Path, port: int, jdbc: str) -> list[str]:
    application, base = home / "application", home / "base"
    unpack(fetched(KILL_BILL), application)
    unpack(fetched(TOMCAT), home)
    tomcat = next(home.glob("apache-tomcat-*"))
    for name in ("conf", "temp", "webapps", "logs", "work"):
        (base / name).mkdir(parents=True)
    (home / "bundles").mkdir()
    container = _CONTAINER.format(port=port, application=application)
    (base / "conf" / "server.xml").write_text(container)
    (base / "conf" / "catalina.properties").write_text(_CLASSES)
    (base / "conf" / "web.xml").write_text((tomcat / "conf" / "web.xml").read_text())
    settings = home / "killbill.properties"
    settings.write_text(_SETTINGS.format(jdbc=jdbc, bundles=home / "bundles"))
    (home / "logback.xml").write_text(_LOGGING)
    classpath = f"{tomcat / 'bin' / 'bootstrap.jar'}:{tomcat / 'bin' / 'tomcat-juli.jar'}"
    return [
        java(),
        "-Xmx1g",
        "-XX:TieredStopAtLevel=1",
        "-Duser.timezone=UTC",
        *(f"--add-opens={opened}=ALL-UNNAMED" for opened in _OPENED),
        f"-Dcatalina.home={tomcat}",
        f"-Dcatalina.base={base}",
        f"-Djava.io.tmpdir={base / 'temp'}",
        f"-Dorg.killbill.server.properties={settings.as_uri()}",
        f"-Dlogback.configurationFile={home / 'logback.xml'}",
        "-classpath",
        classpath,
        "org.apache.catalina.startup.Bootstrap",
        "start",
    ]


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/1.0/healthcheck", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"the Kill Bill server did not start: {log.read_text()[-6000:]}")
