/** How the customer's own site signs an identity: base64url(claims).base64url(HMAC-SHA256(secret, base64url(claims))). */
export type Code = 'Go' | 'Node' | 'PHP' | 'Java'

export const samples: Record<Code, string> = {
  Go: `func identity(secret, customer, name string) string {
	claims, _ := json.Marshal(map[string]any{
		"sub": customer, "name": name, "level": 1,
		"exp": time.Now().Add(time.Hour).Unix(),
	})
	body := base64.RawURLEncoding.EncodeToString(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}`,
  Node: `import { createHmac } from 'node:crypto'

export function identity(secret, customer, name) {
  const claims = { sub: customer, name, level: 1, exp: Math.floor(Date.now() / 1000) + 3600 }
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return body + '.' + createHmac('sha256', secret).update(body).digest('base64url')
}`,
  PHP: `function b64(string $s): string {
    return rtrim(strtr(base64_encode($s), '+/', '-_'), '=');
}
function identity(string $secret, string $customer, string $name): string {
    $body = b64(json_encode(['sub' => $customer, 'name' => $name, 'level' => 1, 'exp' => time() + 3600]));
    return $body . '.' . b64(hash_hmac('sha256', $body, $secret, true));
}`,
  Java: `static String identity(String secret, String customer, String name) throws Exception {
    var b64 = Base64.getUrlEncoder().withoutPadding();
    var claims = new ObjectMapper().writeValueAsBytes(Map.of(
        "sub", customer, "name", name, "level", 1,
        "exp", Instant.now().getEpochSecond() + 3600));
    var body = b64.encodeToString(claims);
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
    return body + "." + b64.encodeToString(mac.doFinal(body.getBytes(UTF_8)));
}`,
}

/** What the page does with it. */
export const usage = 'Zongji.identify("<signed identity>")'
