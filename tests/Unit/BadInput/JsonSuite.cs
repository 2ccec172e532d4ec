namespace GovChain.Tests.Unit.BadInput;

/// <summary>The files of JSONTestSuite: n_ must be refused, y_ is JSON, i_ may be either.</summary>
internal static class JsonSuite
{
    /// <summary>All files by name; skips the test where the folder is missing.</summary>
    public static IReadOnlyList<(string Name, byte[] Bytes)> Files()
    {
        string folder = SharedFolder.Require("vectors/jsontestsuite/test_parsing");
        (string, byte[])[] files = [.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)
            .Select(f => (Path.GetFileName(f), File.ReadAllBytes(f)))];
        return files.Length > 300 ? files : throw new InvalidOperationException($"{folder} holds only {files.Length} files.");
    }
}
