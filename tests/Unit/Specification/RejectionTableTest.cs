using System.Text;
using GovChain.Core.Model;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Specification;

/// <summary>Goal: the table of rejection codes that clerks and programmers read is the enum that the code uses.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RejectionTableTest
{
    private const string Document = "docs/SPEC.md";
    private const string Begin = "<!-- begin: generated from RejectionCode -->\n";
    private const string End = "<!-- end -->\n";

    [Test]
    public void Table_IsTheEnum()
    {
        string text = File.ReadAllText(Repository.PathOf(Document));
        int from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int to = text.IndexOf(End, StringComparison.Ordinal);
        Assert.That(from >= Begin.Length && to >= from, $"{Document} lacks its marks.");
        Dictionary<string, string> meanings = Meanings(text[from..to]);
        var table = new StringBuilder("| number | code | final | meaning |\n|--|--|--|--|\n");
        foreach (RejectionCode code in Enum.GetValues<RejectionCode>())
        {
            string name = Rejection.NameOf(code);
            Assert.That(meanings, Does.ContainKey(name), "Every code has a meaning for people.");
            string permanent = new Rejection(code, "").IsPermanent ? "yes" : "no";
            table.Append($"| {(int)code} | `{name}` | {permanent} | {meanings[name]} |\n");
        }
        Repository.Hold(Document, text[..from] + table + text[to..]);
    }

    [Test]
    public void NameOf_SplitsWordsAndKeepsSingleLetters()
    {
        Assert.That(Rejection.NameOf(RejectionCode.VersionConflict), Is.EqualTo("VERSION_CONFLICT"));
        Assert.That(Rejection.NameOf(RejectionCode.HighS), Is.EqualTo("HIGH_S"));
    }

    /// <summary>The last column is written by people; the others follow from the code.</summary>
    private static Dictionary<string, string> Meanings(string table) => table.Split('\n')
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
        .Where(cells => cells.Length == 6 && cells[2].StartsWith('`'))
        .ToDictionary(cells => cells[2].Trim('`'), cells => cells[4]);
}
