/** What `weir up` serves when it is given no config: a page that says how to go on. */

export const WELCOME_CONFIG = `version: 1
gateway:
  listen: 127.0.0.1:8080
routes:
  - id: welcome
    match: { path: /, methods: [GET] }
    respond:
      status: 200
      headers: { content-type: "text/plain; charset=utf-8", cache-control: no-store }
      body: |
        Weir runs, and has nothing to do yet.

        Put this into weir.yaml:

          version: 1
          upstreams:
            - id: app
              targets: [http://127.0.0.1:9000]
          routes:
            - match: /*
              upstream: app

        check it with      weir check weir.yaml
        and start with     weir up --config weir.yaml

        From then on every save of the file is in force within a moment. Or leave this
        running, and put configs in force with
                           weir apply -f weir.yaml

        Or make a service that is managed, with a key for who calls it:
                           weir services quick app http://127.0.0.1:9000

        To see timeouts being overcome, try: weir up --demo
`;
