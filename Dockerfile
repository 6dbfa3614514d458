# Faultless's own image, for those who build with Docker: what `faultless image` makes of the program
# that is built here, as it is.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --no-default-features
# The file system of the archive's one layer; `manifest.json` says where that lies.
RUN set -eu; target/release/faultless image --out /image.tar; \
    layer=$(tar -xOf /image.tar manifest.json | sed 's/.*"Layers":\["\([^"]*\)"\].*/\1/'); \
    mkdir /image; tar -xOf /image.tar "$layer" | tar -xzp -C /image

FROM scratch
COPY --from=build /image /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/faultless"]
