using System.Text;
using GovChain.Core.Execution.Schemas;
using GovChain.Core.Model;
using GovChain.Tests.Unit.Specification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution.Schemas;

/// <summary>
/// Goal: each keyword means what docs/SPEC.md says, each bound holds at its edge, and the first violation is the one that SPEC's order
/// gives. Method: the tables of <see cref="SchemaCases"/>.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PayloadSchemaTest
{
    private static IEnumerable<TestCaseData> Taken() =>
        SchemaCases.Taken.Select(c => new TestCaseData(c).SetArgDisplayNames(c.Name));

    private static IEnumerable<TestCaseData> Refused() =>
        SchemaCases.Refused.Select(c => new TestCaseData(c).SetArgDisplayNames(c.Name));

    [TestCaseSource(nameof(Taken))]
    public void Check_Payload_HasTheVerdictOfTheTable(object of)
    {
        var @case = (SchemaCase)of;
        PayloadSchema schema = Parse(@case.Schema);
        using (Assert.EnterMultipleScope())
        {
            foreach ((string payload, string? verdict) in @case.Payloads)
                Assert.That(VerdictOf(schema, Encoding.UTF8.GetBytes(payload)), Is.EqualTo(verdict), payload.Length <= 200 ? payload : payload[..200]);
        }
    }

    [TestCaseSource(nameof(Refused))]
    public void TryParse_SchemaOutsideTheSubset_NamesKeywordAndPlace(object of)
    {
        var refused = (RefusedSchema)of;
        Assert.That(PayloadSchema.TryParse(refused.Schema, out SchemaViolation? violation), Is.Null);
        Assert.That((violation!.Value.Keyword, violation.Value.Pointer), Is.EqualTo((refused.Keyword, refused.Pointer)));
        Assert.That(violation.Value.Problem, Is.Not.Empty.And.Length.LessThan(320));
    }

    [Test]
    public void Check_BytesThatAreNoText_AreNoJson()
    {
        PayloadSchema any = Parse("{}");
        foreach ((string name, string hex, string? verdict) in SchemaCases.Bytes)
            Assert.That(VerdictOf(any, Convert.FromHexString(hex)), Is.EqualTo(verdict), name);
    }

    [Test]
    public void Check_AnotherMediaType_DoesNotFit()
    {
        PayloadSchema any = Parse("{}");
        foreach (string mediaType in new[] { "text/plain", "application/JSON", "application/json;charset=utf-8", "application/ld+json" })
            Assert.That(any.Check(mediaType, "{}"u8.ToArray()), Is.EqualTo(new SchemaViolation("", "mediaType", $"must be application/json, and is {mediaType}")));
    }

    [TestCase("""{"type":["string","null"]}""", "1.50", "must be a string or null, and is 1.5 (type)")]
    [TestCase("""{"type":"object"}""", "[1,2]", "must be an object, and is an array of 2 (type)")]
    [TestCase("""{"properties":{"a":{"enum":["x",1,null]}}}""", """{"a":"y"}""", "at /a: must be one of \"x\", 1, null, and is \"y\" (enum)")]
    [TestCase("""{"enum":[1,2,3,4,5,6]}""", "{}", "must be one of 6 values (1, 2, 3, 4, 5, ...), and is an object of 0 (enum)")]
    [TestCase("""{"minimum":0}""", "-0.05", "must be at least 0, and is -0.05 (minimum)")]
    [TestCase("""{"maximum":1e20}""", "1.23e21", "must be at most 1e20, and is 123e19 (maximum)")]
    [TestCase("""{"minLength":3}""", "\"ab\"", "must have at least 3 characters, and has 2 (minLength)")]
    [TestCase("""{"uniqueItems":true}""", "[3,1,2,1,3]", "the items 1 and 3, counted from 0, are the same (uniqueItems)")]
    [TestCase("""{"required":["name"]}""", "{}", "the member \"name\" is missing (required)")]
    [TestCase("""{"properties":{},"additionalProperties":false}""", """{"nmae":1}""", "at /nmae: there is no member of this name (additionalProperties)")]
    [TestCase("{}", "{\"a\":1,\n\"a\":2}", "byte 9: the name \"a\" stands twice in one object")]
    [TestCase("{}", "[1,]", "byte 4: a value is expected")]
    [TestCase("{}", "", "byte 1: the text is empty")]
    public void Violation_IsASentenceForAClerk(string schema, string payload, string sentence) =>
        Assert.That($"{Parse(schema).Check(PayloadSchema.MediaType, Encoding.UTF8.GetBytes(payload))}", Is.EqualTo(sentence));

    [Test]
    public void Violation_OfTheLongestNamesAndValues_IsBounded()
    {
        string name = new('\u6f22', 2_000), value = new('x', 8_000);
        string schema = $$$"""{"properties":{"{{{name}}}":{"enum":["{{{value}}}","{{{value}}}1"]}},"required":["{{{name}}}"]}""";
        foreach (string payload in new[] { $$"""{"{{name}}":"{{value}}2"}""", "{}", $"\"{value}" })
        {
            if (PayloadSchema.TryParse(schema, out _)?.Check(PayloadSchema.MediaType, Encoding.UTF8.GetBytes(payload)) is not { } violation)
                continue;
            Assert.That(violation.ToString(), Has.Length.LessThan(600));
        }
        Assert.That(PayloadSchema.TryParse(schema, out _), Is.Null, "too long");
    }

    [Test]
    public void Check_TheDeepestPayloads_EndWithoutStackOrHeap()
    {
        PayloadSchema tree = Parse("""{"$ref":"#/$defs/t","$defs":{"t":{"type":["array","object"],"items":{"$ref":"#/$defs/t"},"uniqueItems":true,"additionalProperties":{"$ref":"#/$defs/t"}}}}""");
        foreach (string part in new[] { "[", "{\"a\":", "[[", "[{\"a\":[" })
        {
            byte[] endless = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(part, Limits.EnvelopeBytesMax / part.Length)));
            Assert.That(VerdictOf(tree, endless), Is.EqualTo("json"), part);
        }
        Assert.That(VerdictOf(tree, Encoding.UTF8.GetBytes(SchemaCases.Deep(Limits.JsonDepthMax))), Is.Null);
    }

    [TestCase("1,", "]", TestName = "Check_ManyNumbers_TakesMemoryInProportion")]
    [TestCase("[],", "]", TestName = "Check_ManyArrays_TakesMemoryInProportion")]
    [TestCase("\"\\u0041\",", "]", TestName = "Check_ManyEscapes_TakesMemoryInProportion")]
    [TestCase("{\"a\":1},", "]", TestName = "Check_ManyObjects_TakesMemoryInProportion")]
    public void Check_TakesMemoryInProportion(string part, string end)
    {
        PayloadSchema schema = Parse("""{"uniqueItems":false,"items":{"enum":[1,[],"A",{"a":1}]}}""");
        int parts = (Limits.EnvelopeBytesMax - 2) / part.Length;
        byte[] payload = Encoding.UTF8.GetBytes("[" + string.Concat(Enumerable.Repeat(part, parts - 1)) + part[..^1] + end);
        Assert.That(VerdictOf(schema, payload), Is.Null);
        long before = GC.GetAllocatedBytesForCurrentThread();
        schema.Check(PayloadSchema.MediaType, payload);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(80L * payload.Length));
    }

    [Test]
    public void Bounds_AreThoseOfTheSpecification()
    {
        string specification = File.ReadAllText(Repository.PathOf("docs/SPEC.md"));
        foreach (string bound in new[] { "at most 16,384 bytes", "at most 1,024 schemas", "1 to 256 values", "64 deep", "at most 34 significant digits", "from -1,000 to 1,000" })
            Assert.That(specification, Does.Contain(bound));
        Assert.That(
            (Limits.SchemaBytesMax, PayloadSchema.SubschemasMax, PayloadSchema.EnumValuesMax, Limits.JsonDepthMax, ExactNumber.DigitsMax, ExactNumber.ExponentMax),
            Is.EqualTo((16_384, 1_024, 256, 64, 34, 1_000)));
        foreach (AssertionKeyword keyword in AssertionKeyword.All)
            Assert.That(specification, Does.Contain($"| `{keyword.Name}` |"));
    }

    internal static PayloadSchema Parse(string schema) => PayloadSchema.TryParse(schema, out SchemaViolation? violation)
        ?? throw new AssertionException($"{violation}: {schema}");

    /// <summary>"keyword pointer", or null.</summary>
    internal static string? VerdictOf(PayloadSchema schema, byte[] payload) =>
        schema.Check(PayloadSchema.MediaType, payload) is { } violation ? $"{violation.Keyword} {violation.Pointer}".TrimEnd(' ') : null;
}
