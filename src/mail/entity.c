/* mail/entity.c: the named characters of HTML 4 that mail has in it */
#include "mail/glimpse.h"

/* From U+00A0 on, in order. */
static const char *const latin1[] = {
	"nbsp",	  "iexcl",  "cent",   "pound",	"curren", "yen",    "brvbar", "sect",	"uml",	  "copy",   "ordf",   "laquo",
	"not",	  "shy",    "reg",    "macr",	"deg",	  "plusmn", "sup2",   "sup3",	"acute",  "micro",  "para",   "middot",
	"cedil",  "sup1",   "ordm",   "raquo",	"frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde",
	"Auml",	  "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",	"Igrave", "Iacute", "Icirc",  "Iuml",
	"ETH",	  "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",   "times",	"Oslash", "Ugrave", "Uacute", "Ucirc",
	"Uuml",	  "Yacute", "THORN",  "szlig",	"agrave", "aacute", "acirc",  "atilde", "auml",	  "aring",  "aelig",  "ccedil",
	"egrave", "eacute", "ecirc",  "euml",	"igrave", "iacute", "icirc",  "iuml",	"eth",	  "ntilde", "ograve", "oacute",
	"ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave", "uacute", "ucirc",	"uuml",	  "yacute", "thorn",  "yuml",
};

static const struct entity {
	const char *name;
	uint32_t character;
} others[] = {
	{ "amp", '&' },	      { "lt", '<' },	   { "gt", '>' },	 { "quot", '"' },     { "apos", '\'' },
	{ "OElig", 0x152 },   { "oelig", 0x153 },  { "Scaron", 0x160 },	 { "scaron", 0x161 }, { "Yuml", 0x178 },
	{ "fnof", 0x192 },    { "circ", 0x2c6 },   { "tilde", 0x2dc },	 { "Omega", 0x3a9 },  { "alpha", 0x3b1 },
	{ "beta", 0x3b2 },    { "pi", 0x3c0 },	   { "ensp", 0x2002 },	 { "emsp", 0x2003 },  { "thinsp", 0x2009 },
	{ "zwnj", 0x200c },   { "zwj", 0x200d },   { "lrm", 0x200e },	 { "rlm", 0x200f },   { "ndash", 0x2013 },
	{ "mdash", 0x2014 },  { "lsquo", 0x2018 }, { "rsquo", 0x2019 },	 { "sbquo", 0x201a }, { "ldquo", 0x201c },
	{ "rdquo", 0x201d },  { "bdquo", 0x201e }, { "dagger", 0x2020 }, { "Dagger", 0x2021 }, { "bull", 0x2022 },
	{ "hellip", 0x2026 }, { "permil", 0x2030 }, { "prime", 0x2032 }, { "lsaquo", 0x2039 }, { "rsaquo", 0x203a },
	{ "euro", 0x20ac },   { "trade", 0x2122 }, { "larr", 0x2190 },	 { "uarr", 0x2191 },  { "rarr", 0x2192 },
	{ "darr", 0x2193 },   { "minus", 0x2212 }, { "infin", 0x221e },	 { "ne", 0x2260 },    { "le", 0x2264 },
	{ "ge", 0x2265 },     { "check", 0x2713 }, { "hearts", 0x2665 }, { "star", 0x2606 },  { NULL, 0 },
};

uint32_t html_entity(struct str name)
{
	for (size_t i = 0; i < COUNT(latin1); i++)
		if (str_eq(name, str_z(latin1[i])))
			return (uint32_t)(0xa0 + i);
	for (const struct entity *e = others; e->name; e++)
		if (str_eq(name, str_z(e->name)))
			return e->character;
	return 0;
}
