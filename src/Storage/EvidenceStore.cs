using System.Globalization;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Storage;

/// <summary>
/// Evidence against validators, and the justifications of views that would be needed to find more: one small file each, durable
/// when written, named by its own hash so that damage shows (docs/SPEC.md, "Directory"). Evidence is never removed; of the
/// justifications the newest stay.
/// </summary>
/// <remarks>Not thread-safe: calls to one instance must not overlap.</remarks>
public sealed class EvidenceStore
{
    internal const string EvidenceFolder = "evidence";
    internal const string JustificationFolder = "justifications";

    // Of a file's name: height, view, and the first 16 digits of its content's SHA-256.
    private const int HashDigits = 16;

    private readonly string _root;
    private readonly HashSet<Digest> _ids = [];
    private readonly List<Evidence> _all = [];
    private readonly SortedSet<string> _justifications = new(StringComparer.Ordinal);
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);

    private EvidenceStore(string root) => _root = root;

    /// <summary>All evidence that can be read, by id.</summary>
    public IReadOnlyList<Evidence> All => _all;

    /// <summary>Files of evidence that are damaged, relative to the directory; they are left as they are.</summary>
    public IReadOnlyList<string> Damaged { get; private set; } = [];

    /// <summary>Reads what a directory holds.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public static EvidenceStore Open(DataDirectory directory) => Guard(directory.Root, () =>
    {
        var store = new EvidenceStore(directory.Root);
        var damaged = new List<string>();
        foreach (string name in NamesIn(directory.Root, EvidenceFolder))
        {
            if (ReadEvidence(directory.Root, name, directory.ChainId) is { } evidence)
                store.Remember(evidence);
            else
                damaged.Add(name);
        }
        store.Damaged = damaged;
        foreach (string name in NamesIn(directory.Root, JustificationFolder))
            store._justifications.Add(Path.GetFileName(name));
        return store;
    });

    /// <summary>The justifications that a directory holds, the oldest height first; damaged ones are left out.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public static IReadOnlyList<byte[]> ReadJustifications(DataDirectory directory) => Guard(directory.Root, () =>
    {
        var all = new List<byte[]>();
        foreach (string name in NamesIn(directory.Root, JustificationFolder))
        {
            if (ReadJustification(directory.Root, name) is { } bytes)
                all.Add(bytes);
        }
        return all;
    });

    /// <summary>Keeps a piece of evidence; durable when this returns.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void Add(Evidence evidence) => Guard(_root, () =>
    {
        if (_ids.Contains(evidence.Id))
            return false;
        Write(EvidenceFolder, evidence.Id.ToString(), evidence.ToBytes());
        Remember(evidence);
        return true;
    });

    /// <summary>Keeps a justification, and removes the oldest heights' where there are more than <paramref name="max"/>.
    /// </summary>
    /// <exception cref="StorageException">Io.</exception>
    public void Keep(ulong height, uint view, ReadOnlyMemory<byte> justification, int max) => Guard(_root, () =>
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{height:D20}-{view:D10}-{HashOf(justification.Span)}");
        if (!_justifications.Add(name))
            return false;
        Write(JustificationFolder, name, justification.Span);
        while (_justifications.Count > max)
        {
            File.Delete(Path.Combine(_root, JustificationFolder, _justifications.Min!));
            _justifications.Remove(_justifications.Min!);
        }
        return true;
    });

    /// <summary>A piece of evidence of this ledger under its own name; null for anything else.</summary>
    internal static Evidence? ReadEvidence(string root, string name, Digest chainId) =>
        Evidence.TryRead(ReadFile(root, name, Evidence.Size)) is { } evidence && evidence.ChainId == chainId
            && evidence.Id.ToString() == Path.GetFileName(name) ? evidence : null;

    /// <summary>A justification's bytes, if they are those that its name says; else null.</summary>
    internal static byte[]? ReadJustification(string root, string name)
    {
        byte[] bytes = ReadFile(root, name, 1 << 20);
        return name.EndsWith("-" + HashOf(bytes), StringComparison.Ordinal) ? bytes : null;
    }

    /// <summary>The files of one of the folders, relative to the directory, by name.</summary>
    internal static IEnumerable<string> NamesIn(string root, string folder)
    {
        string path = Path.Combine(root, folder);
        return !Directory.Exists(path) ? [] : Directory.EnumerateFiles(path).Select(Path.GetFileName)
            .Where(static n => !n!.EndsWith(".new", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(n => $"{folder}/{n}");
    }

    private static string HashOf(ReadOnlySpan<byte> bytes) => Sha256.Hash(bytes).ToString()[..HashDigits];

    private static byte[] ReadFile(string root, string name, int max)
    {
        using FileStream file = new(Path.Combine(root, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[(int)Math.Min(file.Length, max + 1)];
        file.ReadExactly(bytes);
        return bytes;
    }

    private void Remember(Evidence evidence)
    {
        _ids.Add(evidence.Id);
        _all.Add(evidence);
    }

    private void Write(string folder, string name, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(_root, folder);
        if (!_named.Contains(folder))
        {
            // Also where the folder was there already: who made it may have died before its name was durable.
            Directory.CreateDirectory(path);
            DurableFiles.SyncDirectory(_root);
            _named.Add(folder);
        }
        DurableFiles.Replace(Path.Combine(path, name), content);
    }

    private static T Guard<T>(string root, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(root, e);
        }
    }
}
