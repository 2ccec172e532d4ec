using System.Text.RegularExpressions;

namespace GovChain.Storage;

/// <summary>Something in a data directory that no node would have put there under that name.</summary>
/// <param name="Name">Relative to the directory; ends with a slash where a folder belongs.</param>
/// <param name="Expected">What belongs there.</param>
/// <param name="Found">What is there.</param>
internal readonly record struct Misfit(string Name, string Expected, string Found);

/// <summary>
/// Which names of a data directory are files and which are folders. Asked before anything is opened: what is opened may be a
/// device that never ends, and a folder would pass for a file that is not there.
/// </summary>
internal static partial class DirectoryShape
{
    /// <summary>A write-ahead log or manifest is far shorter: RocksDB begins another long before.</summary>
    public const long LogBytesMax = 1L << 30;

    private const long CurrentBytesMax = 64, IdentityBytesMax = 4096;

    private static readonly string[] Files =
        ["VERSION", "chain-id", "votes", "tip", "restored", "advanced", "VERSION.new", "chain-id.new", "votes.new", "tip.new", "restored.new"];

    private static readonly string[] Folders = ["ledger", "evidence", "justifications", "reads", "install", "ledger.outrun"];

    /// <summary>The names that do not fit, <c>lock</c> apart: <see cref="OfLock"/>.</summary>
    public static IEnumerable<Misfit> Inspect(string root)
    {
        foreach (string name in Files)
        {
            if (Misfitting(root, name, FileKind.File) is { } misfit)
                yield return misfit;
        }
        foreach (string name in Folders)
        {
            if (Misfitting(root, name, FileKind.Folder) is { } misfit)
                yield return misfit;
        }
        foreach (Misfit misfit in InspectLedger(Path.Combine(root, "ledger")).Concat(InspectFiles(root, "evidence")).Concat(InspectFiles(root, "justifications"))
            .Concat(InspectFiles(root, "reads")))
            yield return misfit;
        string install = Path.Combine(root, "install");
        foreach ((string name, FileKind kind) in new[] { ("advanced", FileKind.File), ("tip", FileKind.File), ("ledger", FileKind.Folder) })
        {
            if (Misfitting(install, name, kind) is { } misfit)
                yield return misfit with { Name = $"install/{misfit.Name}" };
        }
        foreach (Misfit misfit in InspectLedger(Path.Combine(install, "ledger")))
            yield return misfit with { Name = $"install/{misfit.Name}" };
    }

    /// <summary>The names of a RocksDB directory that do not fit; each begins with <c>ledger/</c>.</summary>
    public static IEnumerable<Misfit> InspectLedger(string path)
    {
        if (FileKinds.Of(path) != FileKind.Folder)
            yield break;
        foreach (string entry in Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(entry);
            if (!DatabaseFile().IsMatch(name))
                continue;
            FileKind kind = FileKinds.Of(entry);
            if (kind is not FileKind.File and not FileKind.Missing) // a running database removes files
                yield return new Misfit("ledger/" + name, "a file", kind.Explain());
            else if (LongestOf(name) is { } most && new FileInfo(entry) is { Exists: true, Length: var bytes } && bytes > most)
                yield return new Misfit("ledger/" + name, $"at most {most} bytes", $"{bytes} bytes");
        }
    }

    /// <summary>What stands where the lock belongs, if that cannot be locked.</summary>
    public static Misfit? OfLock(string root) => Misfitting(root, "lock", FileKind.File);

    /// <exception cref="StorageException">Damaged: something does not fit.</exception>
    public static void Require(string root)
    {
        foreach (Misfit misfit in Inspect(root))
            throw Refusal(Path.Combine(root, misfit.Name.TrimEnd('/')), misfit);
    }

    /// <exception cref="StorageException">Damaged: something does not fit.</exception>
    public static void RequireLedger(string path)
    {
        foreach (Misfit misfit in InspectLedger(path))
            throw Refusal(Path.Combine(path, Path.GetFileName(misfit.Name)), misfit);
    }

    private static StorageException Refusal(string path, Misfit misfit) =>
        StorageException.Damaged(path, $"{misfit.Expected} belongs here; found was {misfit.Found}.");

    /// <summary>Every entry may have any name here, and a folder is not read.</summary>
    private static IEnumerable<Misfit> InspectFiles(string root, string folder)
    {
        string path = Path.Combine(root, folder);
        if (FileKinds.Of(path) != FileKind.Folder)
            yield break;
        foreach (string entry in Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal))
        {
            if (FileKinds.Of(entry) is var kind and not (FileKind.File or FileKind.Folder or FileKind.Missing))
                yield return new Misfit($"{folder}/{Path.GetFileName(entry)}", FileKind.File.Explain(), kind.Explain());
        }
    }

    private static Misfit? Misfitting(string root, string name, FileKind expected) =>
        FileKinds.Of(Path.Combine(root, name)) is var found && found != expected && found != FileKind.Missing
            ? new Misfit(expected == FileKind.Folder ? name + "/" : name, expected.Explain(), found.Explain()) : null;

    private static long? LongestOf(string name) => name switch
    {
        "CURRENT" => CurrentBytesMax,
        "IDENTITY" => IdentityBytesMax,
        _ when name.EndsWith(".log", StringComparison.Ordinal) || name.StartsWith("MANIFEST-", StringComparison.Ordinal) => LogBytesMax,
        _ => null,
    };

    [GeneratedRegex(@"^(CURRENT|IDENTITY|LOCK|LOG|MANIFEST-\d+|OPTIONS-\d+|\d+\.(sst|blob|log))$")]
    private static partial Regex DatabaseFile();
}
