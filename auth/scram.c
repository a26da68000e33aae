/* auth/scram.c: the server's half of SCRAM (RFC 5802, 7677): what is in messages, and whether they prove anything */
#include "auth/saslprep.h"
#include "auth/scram.h"
#include "base/base64.h"
#include "base/utf8.h"

void scram_release(struct scram *s)
{
	buf_release(&s->room);
	buf_release(&s->user);
	buf_release(&s->authzid);
	buf_release(&s->nonce);
	buf_release(&s->data);
	buf_release(&s->first);
	wipe(&s->keys, sizeof s->keys);
}

/* saslname: "=2C" is a comma, "=3D" an equal sign, and no other equal sign is one. */
static bool name(struct str text, struct buf *ret)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	for (size_t i = 0; i < text.n; i++) {
		if (text.s[i] != '=') {
			buf_c(&b, text.s[i]);
			continue;
		}
		if (str_starts(str_from(text, i), STR("=2C")))
			buf_c(&b, ',');
		else if (str_starts(str_from(text, i), STR("=3D")))
			buf_c(&b, '=');
		else
			return false;
		i += 2;
	}
	return b.n && str_find(buf_view(&b), '\0') == b.n && saslprep(buf_view(&b), false, ret) && ret->n;
}

/* "x=" and a value, up to a comma or the end, which is taken off rest. */
static bool attribute(struct str *rest, char letter, struct str *ret)
{
	struct str a;

	if (!str_cut(rest, ',', &a) || a.n < 2 || a.s[0] != letter || a.s[1] != '=')
		return false;
	*ret = str_from(a, 2);
	return true;
}

/* Extensions that may be ignored: every one but m=. */
static bool extensions(struct str rest)
{
	struct str a;

	while (str_cut(&rest, ',', &a))
		if (a.n < 3 || !ascii_alpha(a.s[0]) || a.s[0] == 'm' || a.s[1] != '=' ||
		    str_find(a, '\0') < a.n || !utf8_valid(a))
			return false;
	return true;
}

static bool printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] <= ' ' || s.s[i] >= 0x7f || s.s[i] == ',')
			return false;
	return s.n > 0;
}

/* cb-name = 1*(ALPHA / DIGIT / "." / "-") */
static bool is_type(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_alpha(s.s[i]) && !ascii_digit(s.s[i]) && s.s[i] != '.' && s.s[i] != '-')
			return false;
	return s.n > 0;
}

/* gs2-header = gs2-cbind-flag "," [authzid] "," (RFC 5801 4). Takes it off rest. Some clients write "a=" for none. */
static bool take_header(struct scram *s, struct str *rest)
{
	const char *start = rest->s;
	struct str flag, authzid;

	if (!str_cut(rest, ',', &flag) || !flag.n || !str_cut(rest, ',', &authzid) || !rest->s)
		return false;
	s->header = (struct str){ start, (size_t)(rest->s - start) };
	s->flag = flag.s[0];
	s->binding = str_from(flag, 2);
	if (s->flag == 'p' ? flag.n < 2 || flag.s[1] != '=' || !is_type(s->binding)
			   : (s->flag != 'n' && s->flag != 'y') || flag.n != 1)
		return false;
	return authzid.n == 0 || str_eq(authzid, STR("a=")) || (str_starts(authzid, STR("a=")) && name(str_from(authzid, 2), &s->authzid));
}

bool scram_begin(struct scram *s, struct str message)
{
	struct str rest, user, nonce;

	*s = (struct scram){ 0 };
	buf_str(&s->room, message);
	rest = buf_view(&s->room);
	if (!take_header(s, &rest))
		return false;
	s->bare = rest;
	if (!attribute(&rest, 'n', &user) || !name(user, &s->user) || !attribute(&rest, 'r', &nonce) ||
	    !printable(nonce) || nonce.n > SCRAM_NONCE_MAX || !extensions(rest))
		return false;
	buf_str(&s->nonce, nonce);
	buf_str(&s->data, s->header);
	return true;
}

static int hex_digit(char c)
{
	const char lower = ascii_lower(c);

	return ascii_digit(c) ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool unhex(struct str hex, struct buf *ret)
{
	for (size_t i = 0; i + 1 < hex.n; i += 2) {
		const int high = hex_digit(hex.s[i]), low = hex_digit(hex.s[i + 1]);

		if (high < 0 || low < 0)
			return false;
		buf_c(ret, (char)(high << 4 | low));
	}
	return hex.n > 0 && hex.n % 2 == 0;
}

bool scram_bind(struct scram *s, bool plus, struct str bindings)
{
	struct str rest = bindings, one, type;

	if (plus != (s->flag == 'p') || (s->flag == 'y' && bindings.n))
		return false;
	if (s->flag != 'p')
		return true;
	while (str_cut(&rest, ' ', &one))
		if (str_cut(&one, '=', &type) && str_eq(type, s->binding))
			return unhex(one, &s->data);
	return false;
}

void scram_challenge(struct scram *s, const struct scram_keys *keys, struct str nonce, struct buf *ret)
{
	s->keys = *keys;
	buf_str(&s->nonce, nonce);
	buf_z(&s->first, "r=");
	buf_str(&s->first, buf_view(&s->nonce));
	buf_z(&s->first, ",s=");
	base64_encode(&s->first, (struct str){ (const char *)keys->salt, keys->salt_n });
	buf_z(&s->first, ",i=");
	buf_u64(&s->first, keys->iterations);
	buf_str(ret, buf_view(&s->first));
}

/* AuthMessage */
static void put_auth(const struct scram *s, struct str without_proof, struct buf *ret)
{
	buf_str(ret, s->bare);
	buf_c(ret, ',');
	buf_str(ret, buf_view(&s->first));
	buf_c(ret, ',');
	buf_str(ret, without_proof);
}

/* RFC 5802 3: the proof is ClientKey XOR ClientSignature, and StoredKey the digest of ClientKey. */
static bool proves(const struct scram_keys *k, struct str auth, const char *proof)
{
	const size_t n = hash_size(k->hash);
	unsigned char key[HASH_MAX], digest[HASH_MAX];
	bool same;

	hash_hmac(k->hash, (struct str){ (const char *)k->stored, n }, auth, key);
	for (size_t i = 0; i < n; i++)
		key[i] ^= (unsigned char)proof[i];
	hash_digest(k->hash, (struct str){ (const char *)key, n }, digest);
	same = hash_same(digest, k->stored, n);
	wipe(key, sizeof key);
	return same;
}

/* channel-binding "," nonce ["," extensions], and they are those of the first messages */
static bool repeats(const struct scram *s, struct str without_proof)
{
	_cleanup_(buf_release) struct buf data = { 0 };
	struct str rest = without_proof, binding, nonce;

	return attribute(&rest, 'c', &binding) && base64_decode(&data, binding) &&
	       str_eq(buf_view(&data), buf_view(&s->data)) && attribute(&rest, 'r', &nonce) &&
	       str_eq(nonce, buf_view(&s->nonce)) && extensions(rest);
}

bool scram_finish(const struct scram *s, struct str message, struct buf *ret)
{
	_cleanup_(buf_release) struct buf auth = { 0 }, proof = { 0 };
	const size_t n = hash_size(s->keys.hash), at = str_rfind(message, ',');
	const struct str without_proof = str_head(message, at);
	struct str rest = str_from(message, at + 1), text;
	unsigned char signature[HASH_MAX];

	if (!attribute(&rest, 'p', &text) || !base64_decode(&proof, text) || proof.n != n || !repeats(s, without_proof))
		return false;
	put_auth(s, without_proof, &auth);
	if (!proves(&s->keys, buf_view(&auth), proof.s))
		return false;
	hash_hmac(s->keys.hash, (struct str){ (const char *)s->keys.server, n }, buf_view(&auth), signature);
	buf_z(ret, "v=");
	base64_encode(ret, (struct str){ (const char *)signature, n });
	return true;
}
