using System.Text.RegularExpressions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>Goal: every claim of docs/THREAT_MODEL.md names what shows it, and what it names is there.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class ThreatModelTest
{
    private const string Document = "docs/THREAT_MODEL.md";

    [Test]
    public void Claims_EachNameTestsOrChecksThatExist()
    {
        string[][] claims = [.. File.ReadLines(Repository.PathOf(Document))
            .Where(line => line.StartsWith('|') && !line.StartsWith("|--", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells[0] != "cannot")];
        Assert.That(claims, Has.Length.GreaterThan(30), "The tables were not understood.");
        HashSet<string> tests = TestsOfTheSources();
        Assert.That(tests, Has.Count.GreaterThan(300), "The sources were not understood.");
        var problems = new List<string>();
        foreach (string[] claim in claims)
        {
            if (claim.Length != 3)
                problems.Add($"\"{claim[0]}\": three columns are expected: cannot, because, shown by.");
            string[] named = [.. InBackticks().Matches(claim[^1]).Select(m => m.Groups[1].Value)];
            if (named.Length == 0)
                problems.Add($"\"{claim[0]}\": names no test.");
            problems.AddRange(named
                .Where(name => !tests.Contains(name) && !File.Exists(Repository.PathOf(name)))
                .Select(name => $"\"{claim[0]}\": there is no {name}."));
        }
        Assert.That(problems, Is.Empty, string.Join('\n', problems));
    }

    /// <summary><c>Class.Method</c> of every method with a test attribute; a class is in the file of its name.</summary>
    private static HashSet<string> TestsOfTheSources() =>
    [
        .. Directory.EnumerateFiles(Repository.PathOf("tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => TestMethod().Matches(File.ReadAllText(file))
                .Select(m => $"{Path.GetFileNameWithoutExtension(file)}.{m.Groups[1].Value}")),
    ];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex InBackticks();

    [GeneratedRegex(@"^ *\[Test[^\n]*\n(?: *[\[/][^\n]*\n| {8,}[^\n]*\n)*? *public (?:static )?(?:async )?(?:Task|void) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TestMethod();
}
