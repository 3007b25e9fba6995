identity clients add gate --right tokens:introspect
identity clients oidc gate --name 門禁系統 --resource https://gate.example/ --tokens jwt
identity clients add pass
identity clients oidc pass --name 通行證系統 --scope profile --scope company --refresh --may-reach gate \
  --redirect-uri https://pass.example/callback --backchannel-uri https://pass.example/backchannel-logout
