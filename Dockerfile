# The command line and the emulator. `docker run -p 127.0.0.1:19080:19080 IMAGE` starts the emulator;
# `docker run IMAGE upload …` runs another command.
FROM node:24-slim AS build
WORKDIR /source
COPY . .
RUN npm_config_prefix=/opt/sf-image-store npm run install:checkout

FROM node:24-alpine
COPY --from=build /opt/sf-image-store /opt/sf-image-store
RUN ln -s /opt/sf-image-store/bin/* /usr/local/bin/ && mkdir /data && chown node:node /data
USER node
WORKDIR /home/node
VOLUME /data
EXPOSE 19080
# A gateway answers 404 for an empty store, which is healthy too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "-e", "fetch('http://127.0.0.1:19080/ImageStore?api-version=6.0').then(({ status }) => process.exit(status < 500 ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["sf-image-store"]
CMD ["emulator", "--host", "0.0.0.0", "--location", "/data"]
