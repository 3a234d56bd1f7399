# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Owns an nginx of our own on loopback: as a receiver that answers 204 to everything, and in front
# of another receiver with TLS, basic authentication, a limit of bodies and redirects. No service is
# installed. To be sourced after components.sh, which starts it; needs openssl for the latter.

NGINX_USER=tacho
NGINX_PASSWORD='pass word:%'

# nginx_write_configuration FOLDER HTTP_PART: what every nginx of ours has.
nginx_write_configuration() {
    local folder=$1
    mkdir -p "$folder/temporary"
    cat >"$folder/nginx.conf" <<TEXT
daemon off;
master_process off;
worker_processes 1;
pid $folder/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
    log_format ledger escape=json '{"status": \$status, "target": "\$request_uri", '
        '"user": "\$remote_user", "bytes": \$request_length, "body_bytes": "\$http_content_length", '
        '"content_type": "\$http_content_type", "scheme": "\$scheme"}';
    client_body_temp_path $folder/temporary;
    proxy_temp_path $folder/temporary;
    fastcgi_temp_path $folder/temporary;
    uwsgi_temp_path $folder/temporary;
    scgi_temp_path $folder/temporary;
    client_body_buffer_size 2m;
    client_max_body_size 64m;
    keepalive_requests 1000000;
$2
}
TEXT
}

# nginx_write_sink FOLDER PORT: reads all bodies, answers 204.
nginx_write_sink() {
    # The bodies are read and thrown away.
    nginx_write_configuration "$1" "
    access_log off;
    server {
        listen 127.0.0.1:$2;
        location / { return 204; }
    }"
}

# nginx_write_front FOLDER PORT UPSTREAM_PORT: https on PORT. /api/v1/write goes to the upstream
# server; /small/... too, with bodies up to 2 KiB; /moved/... is redirected there. All but /moved
# want NGINX_USER and NGINX_PASSWORD. What was asked is in FOLDER/ledger.
nginx_write_front() {
    local folder=$1 code
    mkdir -p "$folder"
    nginx_make_certificate "$folder"
    printf '%s:%s\n' "$NGINX_USER" "$(openssl passwd -apr1 "$NGINX_PASSWORD")" >"$folder/users"
    local moved=
    for code in 301 302 307 308; do
        moved+="
        location = /moved/$code { auth_basic off; return $code https://127.0.0.1:$2/api/v1/write; }"
    done
    nginx_write_configuration "$folder" "
    access_log $folder/ledger ledger;
    server {
        listen 127.0.0.1:$2 ssl;
        ssl_certificate $folder/certificate.pem;
        ssl_certificate_key $folder/key.pem;
        auth_basic tacho;
        auth_basic_user_file $folder/users;
        location / { proxy_pass http://127.0.0.1:$3; }
        location /small/ { client_max_body_size 2k; proxy_pass http://127.0.0.1:$3/; }$moved
    }"
}

# nginx_make_certificate FOLDER: certificate.pem, signed by itself, and key.pem.
nginx_make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=tacho test receiver" -addext "subjectAltName=IP:127.0.0.1" \
        -keyout "$1/key.pem" -out "$1/certificate.pem" 2>"$1/openssl.log"
}
