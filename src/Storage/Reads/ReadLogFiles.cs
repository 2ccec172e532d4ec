using System.Globalization;
using GovChain.Core.Cryptography;
using GovChain.Core.Verification;

namespace GovChain.Storage.Reads;

/// <summary>What a read log's files hold.</summary>
/// <param name="End">Where the entries end that follow each other from the first on.</param>
/// <param name="Torn">Bytes after that which a crash left of an entry that nobody had an answer for.</param>
/// <param name="Damage">Where and how the log is not what the node wrote; null if it is.</param>
public sealed record ReadLogState(ReadChain End, int Torn, string? Damage);

/// <summary>Reads and verifies a node's read log, of a running or a stopped node (docs/SPEC.md, "Read log").</summary>
public static class ReadLogFiles
{
    internal const string Folder = "reads";

    /// <summary>A file is not begun beyond this, bytes: it is read whole.</summary>
    internal const int FileBytesMax = 16 * 1024 * 1024;

    private const int NameDigits = 20;

    /// <summary>Verifies a whole log.</summary>
    /// <param name="directory">The node's directory.</param>
    /// <param name="each">Called with each entry, and where the log is with it, in order, up to the first damage.</param>
    /// <exception cref="StorageException">Io.</exception>
    public static ReadLogState Read(DataDirectory directory, Action<ReadEntry, ReadChain> each)
    {
        string root = Path.Combine(directory.Root, Folder);
        ReadChain begin = ReadChain.Empty(directory.ChainId);
        try
        {
            // Before the files: what is added meanwhile is beyond it.
            DurableTip? tip = ReadTip(root, directory.ChainId, out string? problem);
            return problem is null ? Read(root, NamesIn(root), begin, tip, each) : new ReadLogState(begin, 0, problem);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(root, e);
        }
    }

    /// <summary>One entry with its hash, as it stands there, unverified; null where the log has none of that number.</summary>
    /// <param name="directory">The node's directory.</param>
    /// <param name="number">From 1 on.</param>
    /// <exception cref="StorageException">Io.</exception>
    public static (ReadEntry Entry, Digest Hash)? Find(DataDirectory directory, ulong number)
    {
        string root = Path.Combine(directory.Root, Folder);
        try
        {
            string? name = NamesIn(root).LastOrDefault(n => string.CompareOrdinal(n, NameOf(number)) <= 0);
            if (!ulong.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out ulong at))
                return null;
            ReadOnlyMemory<byte> rest = ReadFile(Path.Combine(root, name!), out _);
            for (; rest.Span.IndexOf((byte)'\n') is >= 0 and int length; at++)
            {
                if (at == number)
                    return ReadChain.TryRead(rest[..length]) is { } found && found.Entry.Number == number ? found : null;
                rest = rest[(length + 1)..];
            }
            return null;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(root, e);
        }
    }

    /// <summary>Verifies files that follow each other, to the end of the log.</summary>
    /// <param name="root">Their folder.</param>
    /// <param name="names">Their names, ascending.</param>
    /// <param name="from">Where the log is before the first of them.</param>
    /// <param name="tip">Entries that were durable before somebody had an answer; null for none.</param>
    /// <param name="each">Called with each entry.</param>
    internal static ReadLogState Read(string root, IReadOnlyList<string> names, ReadChain from, DurableTip? tip, Action<ReadEntry, ReadChain> each)
    {
        ulong durable = tip?.Height ?? 0;
        ReadChain at = from;
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] != NameOf(at.Count + 1))
                return Damaged(at, $"{Folder}/{names[i]}", $"entry {at.Count + 1} should begin a file here");
            byte[] content = ReadFile(Path.Combine(root, names[i]), out string? problem);
            for (int offset = 0; problem is null && offset < content.Length;)
            {
                int length = content.AsSpan(offset).IndexOf((byte)'\n');
                string flaw = "has no end";
                if (length >= 0 && at.Follow(content.AsMemory(offset, length), out ReadChain next, out flaw!) is { } entry)
                {
                    if (next.Count == durable && next.Head != tip!.Value.HeaderHash)
                        return Damaged(at, $"{Folder}/{names[i]}, byte {offset}", $"entry {durable} is not the one that the node wrote: the log was written anew");
                    each(entry, next);
                    at = next;
                    offset += length + 1;
                    continue;
                }
                // The last line of all, and nobody was answered for it: what a crash leaves. Anything else a crash does not leave.
                bool last = i == names.Count - 1 && (length < 0 || offset + length + 1 == content.Length);
                return last && at.Count >= durable
                    ? new ReadLogState(at, content.Length - offset, null)
                    : Damaged(at, $"{Folder}/{names[i]}, byte {offset}", $"the line after entry {at.Count} {flaw}");
            }
            if (problem is not null)
                return Damaged(at, $"{Folder}/{names[i]}", problem);
        }
        return at.Count >= durable
            ? new ReadLogState(at, 0, null)
            : Damaged(at, Folder, $"the log ends with entry {at.Count}, and the node had written {durable}");
    }

    /// <summary>The tip beside the files; null for a log without entries.</summary>
    internal static DurableTip? ReadTip(string root, Digest chainId, out string? problem)
    {
        problem = null;
        string path = TipPath(root);
        if (!File.Exists(path))
        {
            if (NamesIn(root).Count > 0)
                problem = $"{Folder}/tip: it is gone, and with it which entry was the last";
            return null;
        }
        try
        {
            using var file = TipFile.Open(path, chainId, readOnly: true);
            return file.Current;
        }
        catch (StorageException e)
        {
            problem = $"{Folder}/tip: {e.What}";
            return null;
        }
    }

    internal static string TipPath(string root) => Path.Combine(root, "tip");

    /// <summary>A file's name: the number of its first entry.</summary>
    internal static string NameOf(ulong first) => first.ToString($"D{NameDigits}", CultureInfo.InvariantCulture);

    /// <summary>The files of a log, ascending.</summary>
    internal static IReadOnlyList<string> NamesIn(string root) => !Directory.Exists(root) ? [] :
    [
        .. Directory.EnumerateFiles(root).Select(static f => Path.GetFileName(f))
            .Where(static n => n.Length == NameDigits && n.All(char.IsAsciiDigit)).Order(StringComparer.Ordinal),
    ];

    internal static byte[] ReadFile(string path, out string? problem)
    {
        problem = null;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length > FileBytesMax + ReadEntry.LineBytesMax)
        {
            problem = $"it has {file.Length} bytes, more than the node writes into one";
            return [];
        }
        byte[] content = new byte[file.Length];
        int read = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return content[..read];
    }

    private static ReadLogState Damaged(ReadChain at, string where, string what) => new(at, 0, $"{where}: {what}");
}
