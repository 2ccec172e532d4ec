using System.Text.RegularExpressions;

namespace GovChain.Storage.Integrity;

/// <summary>The RocksDB directory.</summary>
public static partial class DirectoryCheck
{
    private const int ReadBytes = 256 * 1024;

    private const string TipAside = "Run 'govchain node repair': where the ledger is whole it writes the tip anew, from what "
        + "the ledger's certificates prove.";

    private const string LedgerAside = "Run 'govchain node repair': it moves the ledger aside, keeps the blocks that are sound "
        + "under their certificates and fetches the rest.";

    /// <summary>False where it cannot be opened.</summary>
    private static bool CheckLedger(Scope scope, DurableTip? tip)
    {
        if (scope.Knows(scope.Ledger + "/"))
            return false;
        if (!Directory.Exists(scope.At(scope.Ledger)))
        {
            if (LostLedger(scope, tip) is { } expected)
            {
                scope.Damaged(scope.Ledger + "/", "the whole folder", expected, "no folder",
                    $"Acknowledged blocks are lost here. {LedgerAside} Where a restore was cut off, run that again.");
            }
            return false;
        }
        var bad = new List<(string File, BadRecord Record)>();
        string? manifest = CheckCurrent(scope);
        foreach (string file in Directory.EnumerateFiles(scope.At(scope.Ledger)).Select(Path.GetFileName)!)
        {
            if ((file == manifest || file.EndsWith(".log", StringComparison.Ordinal)) && !scope.Knows(scope.InLedger(file))
                && FindBad(scope, file) is { } record)
                bad.Add((file, record));
        }
        StorageException? refusal = CheckFiles(scope, out bool opens, out bool listed);
        foreach ((string file, BadRecord record) in bad)
            AddBadRecord(scope, file, record, opens && !scope.TipIsLost);
        if (refusal is not null)
            AddRefusal(scope, refusal);
        CheckOtherLedgerFiles(scope, manifest, listed);
        return opens;
    }

    /// <summary>What says that there was a ledger, though neither it nor a tip is there; null on a node that has not begun.</summary>
    private static string? LostLedger(Scope scope, DurableTip? tip) =>
        tip is { } durable ? $"blocks 0 to {durable.Height}"
        : scope.HasVotes ? "the ledger that the node voted on"
        : scope.Directory.IsRestored ? "the copy that 'restored' speaks of"
        : null;

    private static string? CheckCurrent(Scope scope)
    {
        string name = scope.InLedger("CURRENT"), path = scope.At(name);
        if (scope.Knows(name))
            return null;
        if (!File.Exists(path))
        {
            scope.Damaged(name, "the whole file", "the manifest's name", "no file",
                $"The ledger cannot be opened without it. {LedgerAside}");
            return null;
        }
        string text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(path)); // its shape has been checked: it is short
        if (ManifestLine().IsMatch(text) && File.Exists(scope.At(scope.Ledger, text.TrimEnd('\n'))))
        {
            scope.Add(name, FileCondition.Sound, "names the manifest");
            return text.TrimEnd('\n');
        }
        scope.Damaged(name, "the whole file", "the name of a manifest that is there, and a line feed",
            $"'{text.ReplaceLineEndings("\\n")}'", $"The ledger cannot be opened. {LedgerAside}");
        return null;
    }

    private static BadRecord? FindBad(Scope scope, string file)
    {
        scope.Add(scope.InLedger(file), FileCondition.Sound, file.EndsWith(".log", StringComparison.Ordinal)
            ? "write-ahead log: rows that are not in a table yet"
            : "manifest: which files the ledger consists of");
        try
        {
            return RecordLog.FindBad(scope.At(scope.Ledger, file), scope.OnRead, scope.Cancellation);
        }
        catch (FileNotFoundException)
        {
            return null; // the running node has removed it meanwhile
        }
    }

    /// <summary>A bad record is damage only if something is missing for it: a crash leaves a torn end.</summary>
    private static void AddBadRecord(Scope scope, string file, BadRecord record, bool opens)
    {
        string where = $"record {record.Number} at byte {record.Offset}";
        const string Expected = "a record whose checksum is right";
        if (!opens)
        {
            scope.Damaged(scope.InLedger(file), where, Expected, record.Problem,
                $"What follows in this file is lost, and something of the ledger with it. {LedgerAside}");
        }
        else if (!scope.InUse && new FileInfo(scope.At(scope.Ledger, file)).Length > 0) // RocksDB begins a log as an empty file
        {
            scope.Suspect(scope.InLedger(file), where, Expected, record.Problem,
                "The ledger reaches its durable tip without what follows in this file: a crash leaves such an end, and nothing that "
                + "was acknowledged is in it.");
        }
    }

    /// <summary>Checks the files that the manifest names; gives why the ledger does not open, if it does not.</summary>
    private static StorageException? CheckFiles(Scope scope, out bool opens, out bool listed)
    {
        (opens, listed) = (false, true);
        try
        {
            // A tip that is named already is not opened once more: it may be a pipe.
            opens = CheckFiles(scope, scope.TipIsLost ? LedgerStore.OpenWithoutTip : LedgerStore.OpenReadOnly);
            return null;
        }
        catch (StorageException e) when (e.Where == scope.At(scope.Tip) && !scope.TipIsLost)
        {
            scope.Damaged(scope.Tip, "where the ledger is opened", "a tip that the ledger reaches and does not pass by more than a block", e.What,
                $"The node does not start on it. {TipAside}");
        }
        catch (StorageException e)
        {
            return DoesNotOpen(scope, e, out listed);
        }
        try
        {
            opens = CheckFiles(scope, LedgerStore.OpenWithoutTip);
            return null;
        }
        catch (StorageException e)
        {
            return DoesNotOpen(scope, e, out listed);
        }
    }

    private static bool CheckFiles(Scope scope, Func<DataDirectory, LedgerOptions, LedgerStore> open)
    {
        using LedgerStore store = open(scope.Directory, new LedgerOptions { BlockCacheBytes = 8 * 1024 * 1024 });
        foreach (LedgerFile file in store.ListFiles())
            CheckFile(scope, file);
        return !store.IsEmpty;
    }

    private static StorageException? DoesNotOpen(Scope scope, StorageException e, out bool listed)
    {
        listed = e.Error != StorageError.NotFound && CheckFilesOfDamaged(scope);
        return e.Error == StorageError.NotFound ? null : e; // not found: no block yet
    }

    /// <summary>Why the ledger does not open, unless that has been said of the file, or of a file on which it depends.</summary>
    private static void AddRefusal(Scope scope, StorageException e)
    {
        string whole = scope.Ledger + "/", file = FileNamedIn(e.What) is { } name ? scope.InLedger(name) : whole;
        if (scope.Findings.Any(f => f.IsDamage && (f.File == file || (file == whole && f.File.StartsWith(whole, StringComparison.Ordinal)))))
            return;
        scope.Damaged(file, file == whole ? "the database" : "where it is opened", "a ledger that opens and reaches its durable tip", e.What,
            $"The node does not start on it. {LedgerAside}");
    }

    /// <summary>RocksDB names the first file that it cannot use, and not always the right one: each is asked.</summary>
    /// <returns>Whether they could be listed.</returns>
    private static bool CheckFilesOfDamaged(Scope scope)
    {
        if (LedgerDatabase.TryOpenDamaged(scope.At(scope.Ledger)) is not { } database)
            return false;
        try
        {
            foreach (LedgerFile file in database.ListFiles())
                CheckFile(scope, file);
            return true;
        }
        catch (StorageException)
        {
            return false; // named: why it does not open
        }
        finally
        {
            database.RemoveUser();
        }
    }

    private static void CheckFile(Scope scope, LedgerFile file)
    {
        string name = scope.InLedger(file.Name);
        string path = scope.At(name);
        if (scope.HasFinding(name))
            return;
        if (!File.Exists(path))
        {
            // A running node removes what it has merged into other files.
            if (!scope.InUse)
                scope.Damaged(name, file.Holds, $"{file.Bytes} bytes", "no file", $"These rows are lost here. {LedgerAside}");
            return;
        }
        long length = new FileInfo(path).Length;
        uint checksum = length == file.Bytes ? Checksum(path, scope, out length) : 0; // not read where it is another file, and perhaps a huge one
        if (length != file.Bytes)
            scope.Damaged(name, file.Holds, $"{file.Bytes} bytes", $"{length} bytes", $"Rows are lost here. {LedgerAside}");
        else if (file.Checksum is { } expected && checksum != expected)
        {
            scope.Damaged(name, file.Holds, $"checksum {expected:x8}", $"checksum {checksum:x8}",
                $"A byte of the file is not what was written; what it belongs to is refused when it is read. {LedgerAside}");
        }
        else
        {
            scope.Add(name, FileCondition.Sound, file.Checksum is null
                ? $"{file.Holds}; written without a checksum of the whole file, so each row's own counts"
                : file.Holds);
        }
    }

    private static uint Checksum(string path, Scope scope, out long length)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        byte[] buffer = new byte[ReadBytes];
        uint state = ~0u;
        length = 0;
        int read;
        while ((read = file.Read(buffer)) > 0)
        {
            scope.Cancellation.ThrowIfCancellationRequested();
            state = Crc32C.Append(state, buffer.AsSpan(0, read));
            length += read;
            scope.OnRead?.Invoke(read);
        }
        return ~state;
    }

    private static void CheckOtherLedgerFiles(Scope scope, string? manifest, bool listed)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(scope.At(scope.Ledger)))
        {
            string name = Path.GetFileName(entry);
            if (scope.Knows(scope.InLedger(name)))
                continue;
            (FileCondition condition, string remark) = name switch
            {
                "LOCK" => (FileCondition.Irrelevant, "empty; only the operating system's lock on it counts"),
                "IDENTITY" => (FileCondition.Irrelevant, "RocksDB's name of this database, which nothing asks for"),
                "LOG" => (FileCondition.Irrelevant, "RocksDB's messages for people"),
                _ when name.StartsWith("LOG.old.", StringComparison.Ordinal) => (FileCondition.Irrelevant, "RocksDB's earlier messages for people"),
                _ when name.StartsWith("OPTIONS-", StringComparison.Ordinal) =>
                    (FileCondition.Irrelevant, "the options of a start, written for people; every start sets its own"),
                _ when name.EndsWith(".dbtmp", StringComparison.Ordinal) => (FileCondition.Irrelevant, "a file that was being replaced"),
                _ when name.StartsWith("MANIFEST-", StringComparison.Ordinal) && manifest is not null =>
                    (FileCondition.Irrelevant, $"an earlier manifest; {manifest} counts"),
                _ when (name.EndsWith(".sst", StringComparison.Ordinal) || name.EndsWith(".blob", StringComparison.Ordinal)) && !listed =>
                    (FileCondition.Unread, "whether it belongs to the ledger, and its checksum, stand in the manifest, which cannot be read to its end"),
                _ when name.EndsWith(".sst", StringComparison.Ordinal) || name.EndsWith(".blob", StringComparison.Ordinal) =>
                    (FileCondition.Irrelevant, "no file of the ledger: the manifest does not name it, as after a crash while it was written"),
                _ => (FileCondition.Unknown, "no file of a ledger; it is not read"),
            };
            scope.Add(scope.InLedger(name), condition, remark);
        }
    }

    /// <summary>The first file of RocksDB's that a message names, relative to its directory.</summary>
    internal static string? FileNamedIn(string message) =>
        NamedFile().Match(Guess().Replace(message, "")) is { Success: true } match ? match.Value : null;

    [GeneratedRegex(@"^MANIFEST-\d{6,20}\n$")]
    private static partial Regex ManifestLine();

    /// <summary>RocksDB adds it to whatever it meets while it reads the manifest.</summary>
    [GeneratedRegex(@"The file \S* may be corrupted")]
    private static partial Regex Guess();

    [GeneratedRegex(@"\d{6,20}\.(sst|blob|log)|MANIFEST-\d{6,20}|CURRENT")]
    private static partial Regex NamedFile();
}
