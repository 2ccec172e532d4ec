using GovChain.Core.Cryptography;
using GovChain.Core.Verification;
using Microsoft.Win32.SafeHandles;

namespace GovChain.Storage.Reads;

/// <summary>
/// Who was read to: an entry for each answer about records that are not public, durable before the answer is given. Entries are chained by
/// hashes, so that none can be altered or removed unnoticed as long as the newest hash is known.
/// </summary>
/// <remarks>
/// Safe from any thread. Each entry is synced by itself, then the tip beside the files, so that at most one line can be torn and a log
/// that lost its end is noticed. Opening verifies the newest two files; all of them, <see cref="ReadLogFiles.Read"/>.
/// </remarks>
public sealed class ReadLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly DataDirectory _directory;
    private readonly string _root;
    private TipFile? _tip;
    private readonly int _fileBytesMax;
    private SafeFileHandle? _file;
    private long _length;
    private ReadChain _end;
    private bool _broken;

    private ReadLog(DataDirectory directory, string root, ReadLogState state, IReadOnlyList<ReadEntry> recent, int fileBytesMax)
    {
        (_directory, _root, _end, _fileBytesMax) = (directory, root, state.End, fileBytesMax);
        (Torn, Recent) = (state.Torn, recent);
    }

    /// <summary>Where the log is.</summary>
    public ReadChain End
    {
        get
        {
            lock (_gate)
                return _end;
        }
    }

    /// <summary>Bytes of an unfinished entry that were cut off when the log was opened.</summary>
    public int Torn { get; }

    /// <summary>The entries of the newest two files as they were when the log was opened.</summary>
    public IReadOnlyList<ReadEntry> Recent { get; }

    /// <summary>Opens a node's log to go on with it; one that is not there begins with its first entry.</summary>
    /// <param name="directory">The node's directory, opened for writing.</param>
    /// <param name="fileBytesMax">When to begin a new file.</param>
    /// <exception cref="StorageException">Damaged, with the place; Io.</exception>
    public static ReadLog Open(DataDirectory directory, int fileBytesMax = ReadLogFiles.FileBytesMax)
    {
        string root = Path.Combine(directory.Root, ReadLogFiles.Folder);
        return Guard(root, () =>
        {
            DurableTip? tip = ReadLogFiles.ReadTip(root, directory.ChainId, out string? problem);
            if (problem is not null)
                throw Damaged(root, problem);
            IReadOnlyList<string> names = ReadLogFiles.NamesIn(root);
            string[] newest = [.. names.TakeLast(2)];
            ReadChain from = names.Count > newest.Length
                ? EndOf(root, names[^3], newest[0])
                : ReadChain.Empty(directory.ChainId);
            var recent = new List<ReadEntry>();
            ReadLogState state = ReadLogFiles.Read(root, newest, from, tip, (entry, _) => recent.Add(entry));
            if (state.Damage is { } damage)
                throw Damaged(root, damage);
            var log = new ReadLog(directory, root, state, recent, fileBytesMax);
            try
            {
                log.Resume(newest.LastOrDefault());
                return log;
            }
            catch
            {
                log.Dispose();
                throw;
            }
        });
    }

    /// <summary>Adds an entry; it is durable when this returns.</summary>
    /// <param name="entry">Its number is set here.</param>
    /// <exception cref="StorageException">Io: the disk refused; NotWritable: it did so before, and the log must be opened anew.</exception>
    public void Append(ReadEntry entry)
    {
        lock (_gate)
        {
            if (_broken)
            {
                throw new StorageException(StorageError.NotWritable, _root, "An earlier entry could not be written.",
                    "Free space or repair the disk, then start the node again.");
            }
            (byte[] line, ReadChain next) = _end.Add(entry);
            _broken = true;
            Guard(_root, () =>
            {
                if (_file is null || _length + line.Length > _fileBytesMax)
                    BeginFile(next.Count);
                RandomAccess.Write(_file!, line, _length);
                DurableFiles.Sync(_file!);
                _tip!.Write(new DurableTip(next.Count, next.Head));
                return true;
            });
            (_end, _length, _broken) = (next, _length + line.Length, false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _tip?.Dispose();
    }

    /// <summary>Cuts a torn end off, and says with the tip what was found beyond it.</summary>
    private void Resume(string? name)
    {
        if (name is null)
            return;
        _tip = TipFile.Open(ReadLogFiles.TipPath(_root), _directory.ChainId, readOnly: false);
        _file = File.OpenHandle(Path.Combine(_root, name), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        _length = RandomAccess.GetLength(_file) - Torn;
        if (Torn > 0)
        {
            RandomAccess.SetLength(_file, _length);
            DurableFiles.Sync(_file);
        }
        if (_end.Count > (_tip.Current?.Height ?? 0))
        {
            // A sync that failed may have left the last line in the system's memory only, as if it were written.
            byte[] last = new byte[Math.Min(_length, ReadEntry.LineBytesMax)];
            RandomAccess.Write(_file, last.AsSpan(..RandomAccess.Read(_file, last, _length - last.Length)), _length - last.Length);
            DurableFiles.Sync(_file);
            _tip.Write(new DurableTip(_end.Count, _end.Head));
        }
    }

    private void BeginFile(ulong first)
    {
        if (_tip is null)
        {
            Directory.CreateDirectory(_root);
            DurableFiles.SyncDirectory(_directory.Root);
            _tip = TipFile.Create(ReadLogFiles.TipPath(_root), _directory.ChainId); // before a file: without it no file is believed
        }
        _file?.Dispose();
        _file = File.OpenHandle(
            Path.Combine(_root, ReadLogFiles.NameOf(first)), FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
        DurableFiles.SyncDirectory(_root);
        _length = 0;
    }

    /// <summary>Where the log is at the end of a file, by its last line and the name of the next file.</summary>
    private static ReadChain EndOf(string root, string name, string next)
    {
        byte[] content = ReadLogFiles.ReadFile(Path.Combine(root, name), out string? problem);
        ReadOnlySpan<byte> lines = content.AsSpan().TrimEnd((byte)'\n');
        ReadOnlySpan<byte> last = lines[(lines.LastIndexOf((byte)'\n') + 1)..];
        return problem is null && last.Length > 2 * Digest.Size
            && Digest.TryParseHex(System.Text.Encoding.ASCII.GetString(last[..(2 * Digest.Size)]), out Digest head)
            && ulong.TryParse(next, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ulong first)
            ? new ReadChain(first - 1, head)
            : throw Damaged(root, $"{ReadLogFiles.Folder}/{name}: {problem ?? "its last line is none"}");
    }

    private static StorageException Damaged(string root, string what) => new(
        StorageError.Damaged, root, $"The read log is damaged. {what}.",
        "Keep the folder as evidence: stop the node, move it aside under another name, and start the node, which then begins a new log.");

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
