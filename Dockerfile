FROM python:3.12-slim

# Nothing here needs root, and the project is installed, not mounted.
RUN useradd --create-home --uid 10001 tidemill
WORKDIR /home/tidemill

COPY requirements.lock /build/requirements.lock
RUN pip install --no-cache-dir --require-hashes --requirement /build/requirements.lock

COPY . /build/tidemill
RUN pip install --no-cache-dir --no-deps --no-build-isolation /build/tidemill && rm -r /build

USER tidemill
ENTRYPOINT ["tidemill"]
CMD ["run"]
