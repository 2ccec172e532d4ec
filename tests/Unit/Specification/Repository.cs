using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>Finds the documents that tests hold against the code.</summary>
internal static class Repository
{
    /// <summary>The full path of <paramref name="relative"/> in the checkout that these tests were built in.</summary>
    public static string PathOf(string relative)
    {
        for (DirectoryInfo? d = new(TestContext.CurrentContext.TestDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "GovChain.sln")))
                return Path.Combine(d.FullName, relative);
        }
        throw new InvalidOperationException("The tests do not run within a checkout.");
    }

    /// <summary>
    /// Holds a committed file against what the code gives; with UPDATE_VECTORS=1 in the environment it is written.
    /// </summary>
    public static void Hold(string relative, string content)
    {
        string path = PathOf(relative);
        if (Environment.GetEnvironmentVariable("UPDATE_VECTORS") == "1")
            File.WriteAllText(path, content);
        Assert.That(File.Exists(path), $"{relative} is missing: run once with UPDATE_VECTORS=1.");
        Assert.That(
            File.ReadAllText(path), Is.EqualTo(content),
            $"{relative} differs from what the code gives. Formats are frozen; if this change is meant, UPDATE_VECTORS=1.");
    }

    /// <summary>As <see cref="Hold"/>, for the part of a document between <c>&lt;!-- begin: mark --&gt;</c> and the next
    /// <c>&lt;!-- end --&gt;</c>.</summary>
    public static void HoldPart(string relative, string mark, string content)
    {
        string text = File.ReadAllText(PathOf(relative));
        string begin = $"<!-- begin: {mark} -->\n";
        int from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        int to = text.IndexOf("<!-- end -->\n", Math.Max(0, from), StringComparison.Ordinal);
        Assert.That(from >= begin.Length && to >= from, $"{relative} lacks the marks of {mark}.");
        Hold(relative, text[..from] + content + text[to..]);
    }
}
