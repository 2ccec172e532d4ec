using System.Text;
using System.Text.Json;
using CsCheck;
using GovChain.Core.Execution.Schemas;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution.Schemas;

/// <summary>
/// Goal: over random schemas and payloads the ledger's judge says what <see cref="NaiveSchema"/> says, and the same of every order of
/// members and every spelling. Method: names, strings and numbers from small sets, so that payloads often nearly fit.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SchemaTwinTest
{
    private static readonly string[] Names = ["a", "b", "c", "é", "😀"];

    private static readonly Gen<string> Number = Any("0", "-0.0", "1", "1.0", "10e-1", "2", "2.5", "25e-1", "-1", "0.1", "0.3", "3", "6", "1e3", "1000", "1e-20", "12345678901234567890");

    private static readonly Gen<string> Text = Any(
        "\"\"", "\"a\"", "\"\\u0061\"", "\"ab\"", "\"é\"", "\"\\u00e9\"", "\"😀\"", "\"\\ud83d\\ude00\"", "\"2024-02-29\"", "\"2023-02-29\"", "\"2024-02-29T10:00:00Z\"",
        "\"2024-02-29T10:00:00+02:00\"", "\"2024-02-29T10:00:60Z\"", "\"123e4567-e89b-12d3-a456-426614174000\"");

    private static readonly Gen<string> Plain = Gen.OneOf(Number, Text, Any("null", "true", "false"));

    private static readonly Gen<string> Name = Any(Names);

    private static readonly Gen<string> Count = Any("0", "1", "2", "3", "2.0");

    private static readonly Gen<string> Type = Any("null", "boolean", "integer", "number", "string", "array", "object");

    [Test]
    public void Check_OverRandomSchemasAndPayloads_EqualsTheNaiveJudge() =>
        Gen.Select(Root(), Value(2).Array[1, 6]).Sample(
            (text, payloads) =>
            {
                PayloadSchema schema = PayloadSchemaTest.Parse(text);
                using JsonDocument document = JsonDocument.Parse(text);
                var naive = new NaiveSchema(document.RootElement);
                foreach (string payload in payloads)
                {
                    using JsonDocument value = JsonDocument.Parse(payload);
                    Assert.That(PayloadSchemaTest.VerdictOf(schema, Encoding.UTF8.GetBytes(payload)) is null, Is.EqualTo(naive.Fits(value.RootElement)), $"{text}\n{payload}");
                }
            }, iter: 20_000);

    [Test]
    public void Check_OverRandomSchemasAndPayloads_SaysTheSameOfEveryOrderAndSpelling() =>
        Gen.Select(Root(), Value(3), Gen.Int[1, int.MaxValue]).Sample(
            (text, payload, seed) =>
            {
                string? verdict = PayloadSchemaTest.VerdictOf(PayloadSchemaTest.Parse(text), Encoding.UTF8.GetBytes(payload));
                PayloadSchema shuffled = PayloadSchemaTest.Parse(Shuffle(text, new Random(seed)));
                Assert.That(PayloadSchemaTest.VerdictOf(shuffled, Encoding.UTF8.GetBytes(Shuffle(payload, new Random(seed + 1)))), Is.EqualTo(verdict), $"{text}\n{payload}");
            }, iter: 5_000);

    /// <summary>Most random payloads must not be refused for one reason only.</summary>
    [Test]
    public void Generators_MakeBothVerdicts_AndEveryKeywordsViolation()
    {
        var seen = new HashSet<string>();
        Gen.Select(Root(), Value(2)).Sample(
            (text, payload) =>
            {
                string? verdict = PayloadSchemaTest.VerdictOf(PayloadSchemaTest.Parse(text), Encoding.UTF8.GetBytes(payload));
                lock (seen)
                    seen.Add(verdict?.Split(' ')[0] ?? "fits");
            }, iter: 20_000);
        string[] all = ["fits", "required", "additionalProperties", .. AssertionKeyword.All.Select(k => k.Name)];
        Assert.That(seen, Is.EquivalentTo(all));
    }

    private static Gen<string> Any(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static Gen<string> Value(int depth) => depth == 0
        ? Plain
        : Gen.OneOf(
            Plain,
            Value(depth - 1).Array[0, 4].Select(items => $"[{string.Join(", ", items)}]"),
            Gen.Select(Name, Value(depth - 1)).Array[0, 4].Select(members => Object(members)));

    private static Gen<string> Root() => Gen.Select(Schema(2), Schema(1), Gen.Bool, (root, definition, refers) => root is "{}" || refers
        ? $$$"""{"$ref":"#/$defs/d","$defs":{"d":{{{root}}},"e":{{{definition}}}}}"""
        : $$$"""{"$defs":{"e":{{{definition}}},"d":{"$ref":"#/$defs/e"}},{{{root[1..]}}}""");

    private static Gen<string> Schema(int depth)
    {
        Gen<string> sub = depth == 0 ? Any("{}", """{"$ref":"#/$defs/e"}""", """{"type":"integer"}""", """{"type":["string","array"]}""") : Gen.OneOf(Schema(depth - 1), Gen.Const("""{"$ref":"#/$defs/d"}"""));
        Gen<(string, string)> keyword = Gen.OneOf(
            Type.Select(t => ("type", $"\"{t}\"")),
            Type.Array[1, 3].Select(t => ("type", $"[{string.Join(',', t.Distinct().Select(n => $"\"{n}\""))}]")),
            Any("""["a",1,[1],{"a":1}]""", "[1000,2.5]", "[null,true,\"\"]", """["é","😀",0,1,2,3]""").Select(v => ("enum", v)),
            Value(1).Select(v => ("const", v)),
            Any("1", "0.1", "2.5", "3", "1e-20", "7").Select(v => ("multipleOf", v)),
            Gen.Select(Any("maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"), Number, (k, v) => (k, v)),
            Gen.Select(Any("maxLength", "minLength", "maxItems", "minItems"), Count, (k, v) => (k, v)),
            Any("date", "date-time", "uuid").Select(f => ("format", $"\"{f}\"")),
            Gen.Bool.Select(b => ("uniqueItems", b ? "true" : "false")),
            sub.Select(s => ("items", s)),
            Gen.Select(Name, sub).Array[0, 3].Select(p => ("properties", Object(p))),
            Name.Array[0, 2].Select(n => ("required", $"[{string.Join(',', n.Distinct().Select(x => $"\"{x}\""))}]")),
            Gen.OneOf(sub, Any("true", "false")).Select(s => ("additionalProperties", s)),
            Gen.Const(("title", "\"t\"")));
        return keyword.Array[0, 4].Select(members => Object(members));
    }

    /// <summary>The first of each name.</summary>
    private static string Object((string Name, string Value)[] members) =>
        $"{{{string.Join(',', members.DistinctBy(m => m.Name).Select(m => $"\"{m.Name}\":{m.Value}"))}}}";

    /// <summary>The same JSON with members in another order, blanks, and letters escaped.</summary>
    private static string Shuffle(string text, Random random)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return Write(document.RootElement);

        string Write(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Object => $"{{ {string.Join(" ,", value.EnumerateObject().OrderBy(_ => random.Next()).Select(m => $"{Quote(m.Name)} : {Write(m.Value)}"))}\n}}",
            JsonValueKind.Array => $"[{string.Join(",\t", value.EnumerateArray().Select(Write))} ]",
            JsonValueKind.String => Quote(value.GetString()!),
            _ => value.GetRawText(),
        };

        string Quote(string plain) => $"\"{string.Concat(plain.Select(c => !char.IsSurrogate(c) && random.Next(2) == 0 ? $"{c}" : $"\\u{(int)c:X4}"))}\"";
    }
}
