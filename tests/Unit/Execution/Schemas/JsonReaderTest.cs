using System.Text;
using System.Text.Json;
using CsCheck;
using GovChain.Core.Execution.Schemas;
using GovChain.Core.Model;
using GovChain.Tests.Unit.BadInput;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution.Schemas;

/// <summary>Goal: the ledger's reader takes JSON and nothing else, and never throws. Method: the published suite; random damage.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class JsonReaderTest
{
    /// <summary>Names that stand twice in an object are JSON by the grammar; the ledger refuses them.</summary>
    private static readonly string[] Stricter = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"];

    [Test]
    public void TryRead_OfTheWholeJsonSuite_TakesWhatIsJson_AndRefusesWhatIsNot()
    {
        (string Name, byte[] Bytes)[] files = [.. JsonSuite.Files()]; // ends the test where there are none
        using (Assert.EnterMultipleScope())
        {
            foreach ((string name, byte[] bytes) in files)
            {
                JsonValue? value = JsonReader.TryRead(bytes, out string? problem);
                Assert.That(value is null, Is.EqualTo(problem is not null), name);
                if (name[0] != 'i')
                    Assert.That(value is not null, Is.EqualTo(name[0] == 'y' && !Stricter.Contains(name)), $"{name}: {problem}");
            }
        }
    }

    /// <summary>The suite leaves these to the reader; the specification does not.</summary>
    [TestCase("i_string_UTF-8_invalid_sequence.json")]
    [TestCase("i_string_UTF8_surrogate_U+D800.json")]
    [TestCase("i_string_1st_surrogate_but_2nd_missing.json")]
    [TestCase("i_string_lone_second_surrogate.json")]
    [TestCase("i_string_inverted_surrogates_U+1D11E.json")]
    [TestCase("i_string_overlong_sequence_2_bytes.json")]
    [TestCase("i_string_utf16LE_no_BOM.json")]
    [TestCase("i_structure_UTF-8_BOM_empty_object.json")]
    [TestCase("i_structure_500_nested_arrays.json")]
    [TestCase("i_number_huge_exp.json")]
    [TestCase("i_number_too_big_pos_int.json", true)]
    [TestCase("i_number_very_big_negative_int.json")]
    [TestCase("i_number_real_neg_overflow.json")]
    public void TryRead_OfWhatTheSuiteLeavesOpen_IsAsSpecified(string name, bool taken = false)
    {
        byte[] bytes = JsonSuite.Files().Single(f => f.Name == name).Bytes;
        Assert.That(JsonReader.TryRead(bytes, out string? problem) is not null, Is.EqualTo(taken), problem);
    }

    [Test]
    public void TryRead_OfDamagedText_TakesNothingThatAnotherReaderRefuses()
    {
        byte[] good = """{"a":[1,-2.5e-3,true,null,"x\u00e9\ud83d\ude00\n"],"b":{"c":{},"d":[[]]},"é":0}"""u8.ToArray();
        var options = new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = Limits.JsonDepthMax };
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, 2], Gen.Int[0, good.Length - 1], Gen.Byte).Sample(
            (at, value, kind, other, second) =>
            {
                List<byte> text = [.. good];
                text[other] = kind == 2 ? second : text[other];
                if (kind == 0)
                    text.RemoveAt(at);
                else
                    text[at] = value;
                byte[] damaged = [.. text];
                bool taken = JsonReader.TryRead(damaged, out _) is not null;
                bool other1;
                try
                {
                    using JsonDocument document = JsonDocument.Parse(damaged, options);
                    _ = document.RootElement.ToString();
                    other1 = true;
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException)
                {
                    other1 = false;
                }
                // Half surrogate pairs and numbers out of range are refused here alone.
                Assert.That(!taken || other1, Encoding.UTF8.GetString(damaged));
            }, iter: 20_000);
    }

    [TestCase("""{"b":1,"a":{"d":[],"c":2}}""", """{"a":{"c":2.0,"d":[]},"b":1e0}""")]
    [TestCase("\"\\u0041\\/\"", "\"A/\"")]
    [TestCase("[-0]", "[0.00]")]
    public void Values_ThatAreTheSame_CompareAsEqual(string first, string second) => Assert.That(Read(first).CompareTo(Read(second)), Is.Zero);

    [Test]
    public void Values_AreInATotalOrder()
    {
        JsonValue[] values = [.. new[]
        {
            "null", "false", "true", "0", "-1", "1.5", "\"\"", "\"a\"", "\"b\"", "[]", "[0]", "[1]", "[0,0]", "{}", """{"a":0}""", """{"a":1}""", """{"b":0}""", """{"a":0,"b":0}""",
        }.Select(Read)];
        foreach (JsonValue a in values)
        {
            foreach (JsonValue b in values)
            {
                Assert.That(a.CompareTo(b) == 0, Is.EqualTo(ReferenceEquals(a, b)), $"{a} and {b}");
                Assert.That(Math.Sign(a.CompareTo(b)), Is.EqualTo(-Math.Sign(b.CompareTo(a))), $"{a} and {b}");
                foreach (JsonValue c in values)
                    Assert.That(!(a.CompareTo(b) < 0 && b.CompareTo(c) < 0) || a.CompareTo(c) < 0, $"{a}, {b}, {c}");
            }
        }
    }

    private static JsonValue Read(string text) =>
        JsonReader.TryRead(Encoding.UTF8.GetBytes(text), out string? problem) ?? throw new AssertionException($"{text}: {problem}");
}
