using System.Globalization;
using System.Text;

namespace GovChain.Tests.Unit.Execution.Schemas;

/// <summary>A schema that the ledger takes, and payloads with the verdict that SPEC gives: null, or "keyword pointer".</summary>
internal sealed record SchemaCase(string Name, string Schema, params (string Payload, string? Verdict)[] Payloads);

/// <summary>A schema that the ledger refuses, and which keyword it names, where.</summary>
internal sealed record RefusedSchema(string Name, string Schema, string Keyword, string Pointer);

/// <summary>
/// What docs/SPEC.md, "Payload schemas", says of each keyword and at each bound, by hand. The same stand in docs/vectors/schemas.json,
/// where the verifier in tools/verifier judges them.
/// </summary>
internal static class SchemaCases
{
    public static IReadOnlyList<SchemaCase> Taken { get; } =
    [
        new("no keyword: any JSON", "{}",
            ("null", null), (" [1, \"\\u00e9\", {}] \r\n\t", null), ("", "json"), ("{} {}", "json"), ("{\"a\":1,}", "json"), ("[1 2]", "json"), ("nul", "json")),
        new("annotations say nothing", """{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"T","description":"D"}""", ("1", null)),
        new("strict: names", "{}",
            ("""{"a":1,"a":1}""", "json"), ("""{"a":1,"\u0061":2}""", "json"), ("""{"a":1,"A":2}""", null), ("""[{"a":{"b":1,"b":1}}]""", "json"),
            ("""{"\u00e9":1,"e\u0301":2}""", null), ("{a:1}", "json"), ("{1:1}", "json")),
        new("strict: strings", "{}",
            ("\"\\ud83d\\ude00\"", null), ("\"\\ud83d\"", "json"), ("\"\\ude00\\ud83d\"", "json"), ("\"\\ud83dx\"", "json"), ("\"\\ud83d\\u0041\"", "json"),
            ("\"a\tb\"", "json"), ("\"\\x\"", "json"), ("\"\\u12\"", "json"), ("\"\\u12g4\"", "json"), ("\"\\", "json"), ("\"a", "json"), ("'a'", "json"), ("\"\\/\\b\\f\\n\\r\\t\\\\\\\"\"", null)),
        new("strict: numbers", "{}",
            ("-0", null), ("0.0e-0", null), ("01", "json"), ("-", "json"), ("+1", "json"), (".5", "json"), ("1.", "json"), ("1e", "json"), ("1e+", "json"), ("NaN", "json"), ("0x1", "json"),
            (new string('9', 34), null), ("1" + new string('0', 33) + "1", "json"), ("0." + new string('0', 900) + "1", null), ("1" + new string('0', 1_000), null), ("1" + new string('0', 1_001), "json"),
            ("1e1000", null), ("1e1001", "json"), ("1e-1000", null), ("1e-1001", "json"), ("10e1000", "json"), ("0.1e1001", null), ("0e99999999999999999999", null), ("1e99999999999999999999", "json"),
            ("1e-99999999999999999999", "json"), ("0." + new string('0', 2_000) + "1e2001", null), ("1e00000000000000000000001000", null)),
        new("strict: depth", "{}",
            (Deep(64), null), (Deep(65), "json"), (string.Concat(Enumerable.Repeat("{\"a\":", 64)) + "1" + new string('}', 64), null),
            (string.Concat(Enumerable.Repeat("{\"a\":", 65)) + "1" + new string('}', 65), "json"), (new string('[', 1_000), "json")),
        new("type: string", """{"type":"string"}""", ("\"\"", null), ("1", "type"), ("null", "type"), ("[]", "type")),
        new("type: integer, by value", """{"type":"integer"}""",
            ("1", null), ("1.0", null), ("10e-1", null), ("1e2", null), ("-0.0", null), ("1.5", "type"), ("1e-1", "type"), ("\"1\"", "type")),
        new("type: number", """{"type":"number"}""", ("1", null), ("1.5", null), ("true", "type")),
        new("type: boolean, null, array, object", """{"properties":{"b":{"type":"boolean"},"n":{"type":"null"},"a":{"type":"array"},"o":{"type":"object"}}}""",
            ("""{"b":true,"n":null,"a":[],"o":{}}""", null), ("""{"b":null}""", "type /b"), ("""{"n":false}""", "type /n"), ("""{"a":{}}""", "type /a"), ("""{"o":[]}""", "type /o")),
        new("type: several", """{"type":["string","null"]}""", ("null", null), ("\"a\"", null), ("false", "type")),
        new("type: integer or string", """{"type":["integer","string"]}""", ("2", null), ("2.5", "type")),
        new("enum", """{"enum":["a",1,null,[1,{"x":2,"y":3}]]}""",
            ("\"a\"", null), ("1.0", null), ("null", null), ("""[1e0,{"y":3,"x":2.0}]""", null), ("\"A\"", "enum"), ("[1]", "enum"), ("""[{"x":2,"y":3},1]""", "enum"), ("true", "enum")),
        new("enum: 256 values", $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, 256))}}]}""", ("0", null), ("255", null), ("256", "enum"), ("-1", "enum")),
        new("const", """{"const":{"a":[1,2],"b":"\u00e9"}}""", ("""{"b":"é","a":[1.0,2]}""", null), ("""{"a":[2,1],"b":"é"}""", "const"), ("""{"a":[1,2]}""", "const")),
        new("const: false and 0 differ", """{"const":false}""", ("false", null), ("0", "const"), ("null", "const")),
        new("const: 0 has no sign", """{"const":0}""", ("-0.0", null), ("0e5", null), ("false", "const")),
        new("multipleOf: a cent", """{"multipleOf":0.01}""",
            ("0.07", null), ("1.1", null), ("-4.35", null), ("1e10", null), ("0", null), ("0.075", "multipleOf"), ("1e-3", "multipleOf"), ("\"x\"", null)),
        new("multipleOf: exact where a double is not", """{"multipleOf":0.1}""", ("0.3", null), ("1e1000", null), ("9007199254740993.1", null), ("9007199254740993.15", "multipleOf")),
        new("multipleOf: seven", """{"multipleOf":7}""", ("49", null), ("1e1000", "multipleOf"), ("7e1000", null), ("0.7", "multipleOf"), ("-14", null), ("8", "multipleOf")),
        new("multipleOf: far apart", """{"multipleOf":1e-1000}""", ("1e1000", null), ("3.3", null)),
        new("multipleOf: twos and fives", """{"multipleOf":1250}""", ("1e4", null), ("1e3", "multipleOf"), ("125e1", null), ("5e3", null), ("2e3", "multipleOf")),
        new("maximum", """{"maximum":3}""", ("3", null), ("3.0", null), ("3.0000000000000000000000001", "maximum"), ("-1e1000", null), ("1e1000", "maximum"), ("\"9\"", null)),
        new("exclusiveMaximum", """{"exclusiveMaximum":3}""", ("2.9999999999999999999999999", null), ("3.0", "exclusiveMaximum"), ("30e-1", "exclusiveMaximum")),
        new("minimum", """{"minimum":-1.5}""", ("-1.5", null), ("-1.50", null), ("-1.51", "minimum"), ("0", null), ("1e-1000", null), ("-1e1000", "minimum")),
        new("exclusiveMinimum", """{"exclusiveMinimum":0}""", ("1e-1000", null), ("0", "exclusiveMinimum"), ("-0", "exclusiveMinimum"), ("-1e-1000", "exclusiveMinimum")),
        new("both bounds, in their order", """{"minimum":5,"maximum":1}""", ("3", "maximum"), ("0", "minimum"), ("6", "maximum")),
        new("maxLength: code points", """{"maxLength":2}""", ("\"\"", null), ("\"é\\u00e9\"", null), ("\"\\ud83d\\ude00😀\"", null), ("\"abc\"", "maxLength"), ("\"e\\u0301x\"", "maxLength"), ("[1,2,3]", null)),
        new("minLength: code points", """{"minLength":2.0}""", ("\"😀😀\"", null), ("\"😀\"", "minLength"), ("\"\"", "minLength"), ("null", null)),
        new("length: the greatest", """{"maxLength":2147483647,"minLength":0}""", ("\"a\"", null)),
        new("format: date", """{"format":"date"}""",
            ("\"2024-02-29\"", null), ("\"2023-02-29\"", "format"), ("\"1900-02-29\"", "format"), ("\"2000-02-29\"", null), ("\"0001-01-01\"", null), ("\"0000-01-01\"", "format"),
            ("\"2024-13-01\"", "format"), ("\"2024-00-01\"", "format"), ("\"2024-04-31\"", "format"), ("\"2024-1-1\"", "format"), ("\"2024-01\"", "format"), ("\"2024-01-011\"", "format"),
            ("\"２024-01-01\"", "format"), ("\"\"", "format"), ("20240101", null)),
        new("format: date-time", """{"format":"date-time"}""",
            ("\"2024-02-29T23:59:59Z\"", null), ("\"2024-02-29T00:00:00.123456789+14:00\"", null), ("\"2024-02-29T00:00:00-23:59\"", null), ("\"2024-02-29T24:00:00Z\"", "format"),
            ("\"2024-02-29T23:60:00Z\"", "format"), ("\"2024-02-29T23:59:60Z\"", "format"), ("\"2024-02-30T00:00:00Z\"", "format"), ("\"2024-02-29t00:00:00Z\"", "format"), ("\"2024-02-29T00:00:00z\"", "format"),
            ("\"2024-02-29T00:00:00\"", "format"), ("\"2024-02-29T00:00Z\"", "format"), ("\"2024-02-29T00:00:00.Z\"", "format"), ("\"2024-02-29T00:00:00.1234567890Z\"", "format"),
            ("\"2024-02-29T00:00:00.1\"", "format"), ("\"2024-02-29T00:00:00+24:00\"", "format"), ("\"2024-02-29T00:00:00+1:00\"", "format"), ("\"2024-02-29T00:00:00+01:60\"", "format"),
            ("\"2024-02-29T00:00:00+01:00Z\"", "format"), ("\"2024-02-29 00:00:00Z\"", "format"), ("\"2024-02-29\"", "format"), ("\"\"", "format")),
        new("format: uuid", """{"format":"uuid"}""",
            ("\"123e4567-E89b-12d3-a456-426614174000\"", null), ("\"123e4567e89b12d3a456426614174000\"", "format"), ("\"123e4567-e89b-12d3-a456-42661417400g\"", "format"),
            ("\"{123e4567-e89b-12d3-a456-42661417400}\"", "format"), ("\"123e456-7e89b-12d3-a456-426614174000\"", "format")),
        new("maxItems, minItems", """{"maxItems":2,"minItems":1}""", ("[1]", null), ("[1,2]", null), ("[]", "minItems"), ("[1,2,3]", "maxItems"), ("{}", null), ("\"abc\"", null)),
        new("uniqueItems", """{"uniqueItems":true}""",
            ("[]", null), ("[1,2,\"1\",null,false,0]", null), ("[1,2,1.0]", "uniqueItems"), ("""[{"a":1,"b":2},{"b":2,"a":1}]""", "uniqueItems"), ("""[[1,2],[2,1]]""", null),
            ("[0,-0]", "uniqueItems"), ("[\"\\u00e9\",\"é\"]", "uniqueItems"), ("[\"é\",\"e\\u0301\"]", null), ("{}", null), ("[[],{}]", null), ("[{},{}]", "uniqueItems")),
        new("uniqueItems: false", """{"uniqueItems":false}""", ("[1,1]", null)),
        new("items", """{"items":{"type":"integer","maximum":9}}""", ("[]", null), ("[1,2.0]", null), ("[1,\"x\"]", "type /1"), ("[1,2,10]", "maximum /2"), ("{\"0\":\"x\"}", null)),
        new("items within items", """{"items":{"items":{"type":"null"}}}""", ("[[null],[]]", null), ("[[null],[null,1]]", "type /1/1"), ("[5]", null)),
        new("properties and required", """{"properties":{"a":{"type":"string"},"b":{}},"required":["a","c"]}""",
            ("""{"a":"x","c":1}""", null), ("""{"a":1,"c":1}""", "type /a"), ("""{"a":"x"}""", "required"), ("""{"c":1}""", "required"), ("""{"a":1}""", "required"), ("[]", null), ("""{"\u0061":1,"c":2}""", "type /a")),
        new("required before the members", """{"properties":{"a":{"type":"string"}},"required":["z"]}""", ("""{"a":1}""", "required"), ("""{"a":1,"z":1}""", "type /a")),
        new("members ascending by the bytes of their names", """{"additionalProperties":{"type":"null"}}""",
            ("""{"b":1,"a":1}""", "type /a"), ("""{"B":1,"a":1}""", "type /B"), ("""{"é":1,"z":1}""", "type /z"), ("{\"\\ud83d\\ude00\":1,\"\\uffee\":1}", "type /\uffee"), ("""{"ab":1,"a":1,"":1}""", "type /")),
        new("additionalProperties: false", """{"properties":{"a":{}},"additionalProperties":false}""", ("""{"a":1}""", null), ("{}", null), ("""{"a":1,"b":1}""", "additionalProperties /b"), ("[1]", null)),
        new("additionalProperties: true", """{"properties":{"a":{"type":"null"}},"additionalProperties":true}""", ("""{"b":1}""", null), ("""{"a":1}""", "type /a")),
        new("additionalProperties: a schema", """{"properties":{"a":{"type":"null"}},"additionalProperties":{"type":"integer"}}""",
            ("""{"a":null,"b":1}""", null), ("""{"b":"x"}""", "type /b"), ("""{"a":1}""", "type /a")),
        new("pointers are escaped", """{"properties":{"a/b":{"properties":{"m~n":{"type":"null"}}},"":{"type":"null"}}}""",
            ("""{"a/b":{"m~n":1}}""", "type /a~1b/m~0n"), ("""{"":1}""", "type /")),
        new("pointers are bounded", """{"additionalProperties":{"additionalProperties":false}}""",
            ($$$"""{"{{{new string('x', 300)}}}":{"y":1}}""", $"additionalProperties /{new string('x', 199)}..."),
            ($$$"""{"{{{new string('x', 198)}}}😀":{"y":1}}""", $"additionalProperties /{new string('x', 198)}...")),
        new("$ref", """{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"b":{"$ref":"#/$defs/b","title":"B"}}},"b":{"maxLength":1}}}""",
            ("""{"b":"x"}""", null), ("""{"b":"xy"}""", "maxLength /b"), ("1", "type")),
        new("$ref: to a reference", """{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/c.d"},"c.d":{"const":1}}}""", ("1", null), ("2", "const")),
        new("$ref: a tree as deep as its payload", """{"$ref":"#/$defs/t","$defs":{"t":{"properties":{"of":{"items":{"$ref":"#/$defs/t"}}},"additionalProperties":false}}}""",
            ("{}", null), ("""{"of":[{},{"of":[]}]}""", null), ("""{"of":[{},{"of":[{"x":1}]}]}""", "additionalProperties /of/1/of/0/x")),
        new("$defs that nothing names", """{"$defs":{"unused":{"type":"null"}}}""", ("1", null)),
        new("all at once, the first in order", """{"type":"string","enum":["abc"],"const":"abc","maxLength":2,"minLength":4}""", ("1", "type"), ("\"x\"", "enum"), ("\"abc\"", "maxLength")),
        new("a record as departments have them", """
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "Business licence",
              "type": "object",
              "required": ["name", "kind", "issued"],
              "additionalProperties": false,
              "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 200, "description": "As in the commercial register"},
                "kind": {"enum": ["trade", "craft", "catering"]},
                "issued": {"type": "string", "format": "date"},
                "fee": {"type": "number", "minimum": 0, "multipleOf": 0.01},
                "premises": {"type": "array", "maxItems": 50, "uniqueItems": true, "items": {"$ref": "#/$defs/address"}}
              },
              "$defs": {
                "address": {"type": "object", "required": ["town"], "properties": {"town": {"type": "string", "minLength": 1}}, "additionalProperties": false}
              }
            }
            """,
            ("""{"name":"面包店","kind":"trade","issued":"2026-01-31","fee":12.50,"premises":[{"town":"Ulm"},{"town":"Bonn"}]}""", null),
            ("""{"name":"B","kind":"trade","issued":"31.01.2026"}""", "format /issued"), ("""{"name":"B","kind":"Trade","issued":"2026-01-31"}""", "enum /kind"),
            ("""{"name":"B","issued":"2026-01-31"}""", "required"), ("""{"name":"B","kind":"craft","issued":"2026-01-31","fee":0.001}""", "multipleOf /fee"),
            ("""{"name":"B","kind":"craft","issued":"2026-01-31","premises":[{"town":"Ulm"},{"town":"Ulm"}]}""", "uniqueItems /premises"),
            ("""{"name":"B","kind":"craft","issued":"2026-01-31","premises":[{"town":"Ulm"},{"street":"Weg"}]}""", "required /premises/1")),
    ];

    public static IReadOnlyList<RefusedSchema> Refused { get; } =
    [
        new("empty", "", "json", ""),
        new("no JSON", "{", "json", ""),
        new("a name twice", """{"type":"string","type":"null"}""", "json", ""),
        new("true is no schema here", "true", "", ""),
        new("an array is none", "[]", "", ""),
        new("too deep", string.Concat(Enumerable.Repeat("{\"items\":", 64)) + "{}" + new string('}', 64), "json", ""),
        new("unknown", """{"typ":"string"}""", "typ", "/typ"),
        new("unknown, of another case", """{"Type":"string"}""", "Type", "/Type"),
        new("unknown, the least name first", """{"zz":1,"yy":1}""", "yy", "/yy"),
        new("unknown and long", $$"""{"{{new string('k', 300)}}":1}""", new string('k', 64) + "...", $"/{new string('k', 199)}..."),
        .. new[]
        {
            "$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependentRequired", "prefixItems",
            "contains", "minContains", "maxContains", "patternProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "minProperties", "maxProperties", "pattern", "default",
            "examples", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema", "definitions", "dependencies", "additionalItems", "divisibleBy", "id",
        }.Select(keyword => new RefusedSchema($"not taken: {keyword}", $$$$$"""{"properties":{"a/b":{"{{{{{keyword}}}}}":{}}}}""", keyword, $"/properties/a~1b/{keyword}")),
        new("title is text", """{"title":1}""", "title", "/title"),
        new("description is text", """{"description":null}""", "description", "/description"),
        new("another dialect", """{"$schema":"http://json-schema.org/draft-07/schema#"}""", "$schema", "/$schema"),
        new("$schema below", """{"items":{"$schema":"https://json-schema.org/draft/2020-12/schema"}}""", "$schema", "/items/$schema"),
        new("type unknown", """{"type":"text"}""", "type", "/type"),
        new("type twice", """{"type":["null","null"]}""", "type", "/type"),
        new("type of none", """{"type":[]}""", "type", "/type"),
        new("type no name", """{"type":["null",1]}""", "type", "/type"),
        new("enum empty", """{"enum":[]}""", "enum", "/enum"),
        new("enum no array", """{"enum":"a"}""", "enum", "/enum"),
        new("enum twice, by value", """{"enum":[1,"1",1.0]}""", "enum", "/enum"),
        new("enum of 257", $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, 257))}}]}""", "enum", "/enum"),
        new("multipleOf 0", """{"multipleOf":0}""", "multipleOf", "/multipleOf"),
        new("multipleOf below 0", """{"multipleOf":-1}""", "multipleOf", "/multipleOf"),
        new("multipleOf text", """{"multipleOf":"1"}""", "multipleOf", "/multipleOf"),
        .. new[] { "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum" }.Select(k => new RefusedSchema($"{k} no number", $$"""{"{{k}}":true}""", k, $"/{k}")),
        new("a bound of too many digits", $$"""{"maximum":{{new string('1', 35)}}}""", "json", ""),
        .. new[] { "maxLength", "minLength", "maxItems", "minItems" }.SelectMany(k => new[] { "-1", "1.5", "2147483648", "1e10", "\"1\"" }
            .Select(v => new RefusedSchema($"{k}: {v}", $$"""{"{{k}}":{{v}}}""", k, $"/{k}"))),
        new("format unknown", """{"format":"email"}""", "format", "/format"),
        new("format no name", """{"format":["date"]}""", "format", "/format"),
        new("uniqueItems no truth", """{"uniqueItems":1}""", "uniqueItems", "/uniqueItems"),
        new("items true", """{"items":true}""", "items", "/items"),
        new("items an array", """{"items":[{}]}""", "items", "/items"),
        new("properties no object", """{"properties":[]}""", "properties", "/properties"),
        new("a property true", """{"properties":{"a":true}}""", "properties", "/properties/a"),
        new("required no array", """{"required":true}""", "required", "/required"),
        new("required twice", """{"required":["a","\u0061"]}""", "required", "/required"),
        new("required no text", """{"required":[1]}""", "required", "/required"),
        new("additionalProperties null", """{"additionalProperties":null}""", "additionalProperties", "/additionalProperties"),
        new("below additionalProperties", """{"additionalProperties":{"x":1}}""", "x", "/additionalProperties/x"),
        new("$defs no object", """{"$defs":[]}""", "$defs", "/$defs"),
        new("$defs below", """{"items":{"$defs":{}}}""", "$defs", "/items/$defs"),
        new("$defs with a name of other letters", """{"$defs":{"a/b":{}}}""", "$defs", "/$defs/a~1b"),
        new("$defs with a name of 65", $$$$$"""{"$defs":{"{{{{{new string('a', 65)}}}}}":{}}}""", "$defs", $"/$defs/{new string('a', 65)}"),
        new("below $defs", """{"$defs":{"a":{"pattern":"x"}}}""", "pattern", "/$defs/a/pattern"),
        new("$ref to nothing", """{"$ref":"#/$defs/a"}""", "$ref", "/$ref"),
        new("$ref to the root", """{"items":{"$ref":"#"}}""", "$ref", "/items/$ref"),
        new("$ref elsewhere", """{"$ref":"https://example.org/a"}""", "$ref", "/$ref"),
        new("$ref no text", """{"$ref":1}""", "$ref", "/$ref"),
        new("$ref into another keyword", """{"properties":{"a":{}},"items":{"$ref":"#/properties/a"}}""", "$ref", "/items/$ref"),
        new("$ref beside an assertion", """{"items":{"$ref":"#/$defs/a","type":"null"},"$defs":{"a":{}}}""", "$ref", "/items/$ref"),
        new("$ref to itself", """{"$defs":{"a":{"$ref":"#/$defs/a"}}}""", "$ref", "/$defs/a/$ref"),
        new("$ref in a ring", """{"$defs":{"c":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/c"},"a":{}}}""", "$ref", "/$defs/b/$ref"),
        new("more than 1,024 schemas", $$$"""{"properties":{{{{string.Join(',', Enumerable.Range(0, 1_024).Select(i => string.Create(CultureInfo.InvariantCulture, $"\"{i:0000}\":{{}}")))}}}}}""", "properties", "/properties/1023"),
        new("more than 16,384 bytes", "{}" + new string(' ', 16_383), "json", ""),
    ];

    /// <summary>Payloads that are no text: hexadecimal, and the verdict of the schema <c>{}</c>.</summary>
    public static IReadOnlyList<(string Name, string Hex, string? Verdict)> Bytes { get; } =
    [
        ("a byte order mark", "efbbbf31", "json"),
        ("an overlong form", "22c0af22", "json"),
        ("a surrogate in UTF-8", "22eda08022", "json"),
        ("above U+10FFFF", "22f490808022", "json"),
        ("a character that breaks off", "22e28222", "json"),
        ("UTF-16", "310000", "json"),
        ("U+FFFF", "22efbfbf22", null),
        ("DEL and NEL", "227fc28522", null),
        ("a zero byte", "00", "json"),
        ("a no-break space around", "c2a031", "json"),
    ];

    /// <summary>Arrays within each other.</summary>
    public static string Deep(int depth) => new StringBuilder().Append('[', depth).Append(']', depth).ToString();
}
