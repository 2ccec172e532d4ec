using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Reads the list of bugs, copies the sources that they change with all the changes in them, each behind its switch, and
/// writes the list down as code. What does not fit fails the build. Runs inside the build, before anything is compiled.
/// </summary>
public sealed class PlantBugs : Task
{
    private static readonly string[] Heads = { "bug", "source", "breaks", "found", "shown" };

    /// <summary>The list.</summary>
    [Required]
    public string Bugs { get; set; }

    /// <summary>What the paths in it are relative to.</summary>
    [Required]
    public string Root { get; set; }

    /// <summary>Where to write.</summary>
    [Required]
    public string Directory { get; set; }

    /// <summary>The sources that are replaced, as the project names them.</summary>
    [Output]
    public string[] Originals { get; set; }

    /// <summary>What is compiled in their place, and the list as code.</summary>
    [Output]
    public string[] Planted { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        List<Bug> bugs = Read(File.ReadAllLines(Bugs));
        var originals = new List<string>();
        var planted = new List<string>();
        foreach (IGrouping<string, Edit> edits in bugs.SelectMany(b => b.Edits).GroupBy(e => e.File).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            string original = Root + edits.Key;
            if (!File.Exists(original))
            {
                Fail(edits.First().Line, "there is no file " + edits.Key);
                continue;
            }
            string copy = Path.Combine(Directory, edits.Key);
            Write(copy, "#nullable enable\n" + Apply(File.ReadAllText(original).Replace("\r\n", "\n"), edits));
            originals.Add(original);
            planted.Add(copy);
        }
        string table = Path.Combine(Directory, "BugList.g.cs");
        Write(table, Table(bugs));
        planted.Add(table);
        Originals = originals.ToArray();
        Planted = planted.ToArray();
        return !Log.HasLoggedErrors;
    }

    private List<Bug> Read(string[] lines)
    {
        var bugs = new List<Bug>();
        string file = null;
        char before = ' ';
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i];
            char first = line.Length == 0 ? '#' : line[0];
            int colon = line.IndexOf(':');
            if (first == '[' && line.EndsWith("]", StringComparison.Ordinal))
            {
                bugs.Add(new Bug(line.Trim('[', ']'), bugs.Count + 1, i + 1));
                file = null;
            }
            else if (first == '#')
            {
            }
            else if (bugs.Count == 0)
                Fail(i + 1, "the list begins with the name of a bug in brackets");
            else if ((first == '-' || first == '+') && file == null)
                Fail(i + 1, "no file is named");
            else if (first == '-')
            {
                if (before != '-')
                    bugs.Last().Edits.Add(new Edit(file, bugs.Last().Number, i + 1));
                bugs.Last().Edits.Last().Original.Add(line.Substring(1));
            }
            else if (first == '+' && bugs.Last().Edits.Count > 0)
                bugs.Last().Edits.Last().Replacement.Add(line.Substring(1));
            else if (colon > 0 && line.StartsWith("file:", StringComparison.Ordinal))
                file = line.Substring(colon + 1).Trim();
            else if (colon > 0 && Heads.Contains(line.Substring(0, colon)) && !bugs.Last().Head.ContainsKey(line.Substring(0, colon)))
                bugs.Last().Head.Add(line.Substring(0, colon), line.Substring(colon + 1).Trim());
            else
                Fail(i + 1, "not understood: " + line);
            before = first;
        }
        foreach (Bug bug in bugs)
        {
            if (bug.Edits.Count == 0 || Heads.Any(h => !bug.Head.ContainsKey(h)) || bugs.Count(b => b.Name == bug.Name) > 1)
                Fail(bug.Line, bug.Name + " stands twice, changes nothing, or lacks one of: " + string.Join(", ", Heads));
        }
        return bugs;
    }

    private string Apply(string text, IEnumerable<Edit> edits)
    {
        var places = new SortedDictionary<int, Edit>();
        foreach (Edit edit in edits)
        {
            string original = string.Join("\n", edit.Original);
            int at = text.IndexOf(original, StringComparison.Ordinal);
            if (at < 0 || text.IndexOf(original, at + 1, StringComparison.Ordinal) >= 0)
                Fail(edit.Line, (at < 0 ? "not in " : "more than once in ") + edit.File + ": " + original.Trim());
            else if (!edit.Replacement.Exists(l => l.Contains("BUG")))
                Fail(edit.Line, "the replacement stands behind no switch, BUG");
            else if (places.Any(p => p.Key < at + original.Length && at < p.Key + string.Join("\n", p.Value.Original).Length))
                Fail(edit.Line, "another bug changes the same text of " + edit.File);
            else
                places.Add(at, edit);
        }
        var result = new StringBuilder(text);
        foreach (KeyValuePair<int, Edit> place in places.Reverse())
        {
            result.Remove(place.Key, string.Join("\n", place.Value.Original).Length);
            result.Insert(place.Key, string.Join("\n", place.Value.Replacement).Replace(
                "BUG", "(global::GovChain.Tests.Mutants.Switch.On == " + place.Value.Bug + ")"));
        }
        return result.ToString();
    }

    private static string Table(List<Bug> bugs)
    {
        var code = new StringBuilder("#nullable enable\nnamespace GovChain.Tests.Mutants;\n\ninternal static partial class BugList\n{\n");
        code.Append("    private static readonly Bug[] Planted =\n    [\n");
        foreach (Bug bug in bugs)
        {
            code.Append("        new(").Append(bug.Number).Append(", ").Append(Quote(bug.Name));
            foreach (string head in Heads)
                code.Append(", ").Append(Quote(bug.Head.TryGetValue(head, out string value) ? value : ""));
            code.Append("),\n");
        }
        return code.Append("    ];\n}\n").ToString();
    }

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";

    /// <summary>Only what has changed, or everything would be compiled again each time.</summary>
    private static void Write(string path, string text)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path));
        if (!File.Exists(path) || File.ReadAllText(path) != text)
            File.WriteAllText(path, text);
    }

    private void Fail(int line, string what) => Log.LogError(null, null, null, Bugs, line, 0, 0, 0, what);

    private sealed class Bug
    {
        public Bug(string name, int number, int line)
        {
            Name = name;
            Number = number;
            Line = line;
        }

        public string Name { get; }

        public int Number { get; }

        public int Line { get; }

        public Dictionary<string, string> Head { get; } = new Dictionary<string, string>();

        public List<Edit> Edits { get; } = new List<Edit>();
    }

    private sealed class Edit
    {
        public Edit(string file, int bug, int line)
        {
            File = file;
            Bug = bug;
            Line = line;
        }

        public string File { get; }

        public int Bug { get; }

        public int Line { get; }

        public List<string> Original { get; } = new List<string>();

        public List<string> Replacement { get; } = new List<string>();
    }
}
