using GovChain.Core.Cryptography;
using GovChain.Storage.Reads;

namespace GovChain.Storage.Integrity;

/// <summary>
/// Accounts for every file of a node's directory, of a stopped or a running node: read to its last byte and compared with
/// its checksums, or said not to matter and why. Changes nothing. What the rows mean is <see cref="LedgerIntegrity"/>'s to
/// check, and who signed them the auditor's.
/// </summary>
/// <remarks>
/// A whole directory that is an older copy looks whole from inside; only the other departments know better. The same
/// holds for the last group of the vote journal alone. docs/SPEC.md, "Damage".
/// </remarks>
public static partial class DirectoryCheck
{
    private const string Aside = "Run 'govchain node repair': it moves the file aside and puts the directory in order.";

    /// <summary>Checks a directory.</summary>
    /// <param name="path">The data directory.</param>
    /// <param name="chainId">The ledger it should belong to.</param>
    /// <param name="onRead">Told how many bytes were read; may wait, to keep to a rate.</param>
    /// <param name="cancellation">Ends the check.</param>
    public static DirectoryReport Run(string path, Digest chainId, Action<int>? onRead, CancellationToken cancellation)
    {
        using var directory = DataDirectory.OpenUnverified(path, chainId);
        bool inUse = DirectoryShape.OfLock(path) is null && DataDirectory.IsInUse(path);
        var scope = new Scope(directory, inUse, onRead, cancellation);
        CheckShape(scope);
        CheckInstall(scope);
        CheckIdentity(scope);
        DurableTip? tip = CheckTip(scope);
        CheckJournal(scope);
        bool opens = CheckLedger(scope, tip);
        CheckAdvance(scope, tip);
        CheckEvidence(scope);
        CheckTheRest(scope);
        return new DirectoryReport([.. scope.Files.OrderBy(f => f.File, StringComparer.Ordinal)], scope.Findings, opens) { TipIsLost = scope.TipIsLost };
    }

    /// <summary>The ledger that a directory belongs to, if two of its files agree about it.</summary>
    /// <exception cref="StorageException">NotFound: this is no node's directory.</exception>
    public static Digest? OwnerOf(string path)
    {
        if (!File.Exists(Path.Combine(path, "VERSION")) && !File.Exists(Path.Combine(path, "tip")) && !Directory.Exists(Path.Combine(path, "ledger")))
        {
            throw new StorageException(StorageError.NotFound, path, "This is not a node's data directory.",
                "Name the directory that holds the files 'VERSION' and 'tip' and the folder 'ledger'.");
        }
        string tip = Path.Combine(path, "tip");
        return DataDirectory.TryReadChain(path) is { } chain && FileKinds.Of(tip) == FileKind.File
            && TipFile.Inspect(tip, chain).Any(static s => s.IsReadable) ? chain : null;
    }

    /// <summary>What is no file, or no folder, where one belongs is named here and opened nowhere.</summary>
    private static void CheckShape(Scope scope)
    {
        foreach (Misfit misfit in DirectoryShape.Inspect(scope.Root))
            scope.Damaged(misfit.Name, "what stands there", misfit.Expected, misfit.Found, $"The node does not start on it. {Aside}");
        if (DirectoryShape.OfLock(scope.Root) is { } odd)
        {
            scope.Damaged(odd.Name, "what stands there", "an empty file", odd.Found,
                "Neither a node nor a repair can hold the directory. Make sure that no node runs on it and remove it: nothing is in it, and it is made anew.");
        }
    }

    /// <summary>That what waits to be put in place is a snapshot. If so, the next start uses what is in it, and that is what is checked.</summary>
    private static void CheckInstall(Scope scope)
    {
        if (SnapshotInstall.Find(scope.Root, scope.ChainId)?.Inspect() is not { } misfit)
            return;
        const string Folder = SnapshotInstall.Folder + "/";
        // What is no file or folder where one belongs has been named, and is why.
        if (!scope.Findings.Any(static f => f.File.StartsWith(Folder, StringComparison.Ordinal)))
        {
            scope.Damaged(misfit.Name, "what the next start would put in place", misfit.Expected, misfit.Found,
                "This is no snapshot that a node made and left. The node does not start on it, and leaves the ledger as it is. "
                + "Run 'govchain node repair': it moves the folder aside, whole.");
        }
        if (!scope.Knows(Folder))
            scope.Add(Folder, FileCondition.Unread, "no snapshot that the next start could put in place; what is in it is not read");
    }

    /// <summary>Whether a vote journal may be carried over what a snapshot spared.</summary>
    private static void CheckAdvance(Scope scope, DurableTip? tip)
    {
        string name = scope.Advanced;
        if (scope.Knows(name) || !scope.Directory.HasAdvance)
            return;
        const string Meaning = "The next start reads it, to write into the vote journal that a snapshot carried the ledger on. As it is, it says nothing: the node takes "
            + "its journal for older than its ledger, follows and serves, and votes again some blocks later. The start removes the file.";
        if (scope.Directory.Advance is not { } advance)
            scope.Damaged(name, "the whole file", "two heights, two hashes and their checksum", "other bytes", Meaning);
        else if (tip is { } durable && advance.To != durable && !scope.InUse)
            scope.Damaged(name, "the second height and hash", $"block {durable.Height}, {durable.HeaderHash}", $"block {advance.To.Height}, {advance.To.HeaderHash}", Meaning);
        else
            scope.Add(name, FileCondition.Sound, $"a snapshot carried the ledger on from block {advance.From.Height}; the next start writes that into the vote journal");
    }

    private static void CheckIdentity(Scope scope)
    {
        foreach ((string name, string remark) in new[] { ("VERSION", "the directory's format"), ("chain-id", "whose directory it is") })
        {
            if (!scope.Knows(name))
                scope.Add(name, FileCondition.Sound, remark);
        }
        foreach ((string file, string expected, string found) in DataDirectory.InspectIdentity(scope.Root, scope.ChainId))
        {
            if (scope.HasFinding(file))
                continue;
            scope.Damaged(file, "the whole file", expected, found,
                $"The node does not start on it. {Aside} If the directory is another ledger's or a newer program's, name the right one.");
        }
    }

    private static DurableTip? CheckTip(Scope scope)
    {
        string name = scope.Tip;
        if (scope.Knows(name))
            return null;
        if (!File.Exists(scope.At(name)))
        {
            if (File.Exists(scope.At(scope.Ledger, "CURRENT")))
            {
                scope.Damaged(name, "the whole file", "the newest durable block", "no file",
                    $"Whether the ledger lost its newest blocks cannot be told, so the node does not start. {TipAside}");
            }
            return null;
        }
        scope.Add(name, FileCondition.Sound, "the newest durable block");
        TipSlot[] slots = TipFile.Inspect(scope.At(name), scope.ChainId);
        scope.OnRead?.Invoke(8192);
        DurableTip? tip = null;
        foreach (TipSlot slot in slots)
        {
            if (slot.Tip is { } found && (tip is null || found.Height > tip.Value.Height))
                tip = found;
        }
        TipSlot[] bad = [.. slots.Where(static s => !s.IsReadable)];
        if (bad.Length == slots.Length)
        {
            scope.Damaged(name, $"slots at bytes {string.Join(" and ", bad.Select(static s => s.Offset))}", "a readable slot",
                string.Join("; ", bad.Select(static s => s.Problem).Distinct()), $"Neither slot is readable: the node does not start. {TipAside}");
        }
        else if (bad.Length > 0 && !scope.InUse)
        {
            scope.Suspect(name, $"slot at byte {bad[0].Offset}", "a readable slot", bad[0].Problem,
                $"The other slot says {(tip is { } t ? $"block {t.Height}" : "no block")}. A crash while this one was written leaves it so, "
                + "with the ledger one block further; otherwise it is damage that the next block overwrites.");
        }
        return tip;
    }

    private static void CheckJournal(Scope scope)
    {
        string path = scope.At("votes");
        if (scope.Knows("votes"))
            return;
        if (!File.Exists(path))
        {
            // A copy has none, and says so.
            if (File.Exists(scope.At(scope.Ledger, "CURRENT")) && !scope.Directory.IsRestored)
            {
                scope.Damaged("votes", "the whole file", "the vote journal", "no file",
                    "The node may have voted and forgotten it: it follows and serves, and votes again some blocks later.");
            }
            return;
        }
        scope.Add("votes", FileCondition.Sound, "the vote journal");
        JournalScan scan;
        try
        {
            byte[] content = ReadJournal(path, out bool fits);
            scope.OnRead?.Invoke(content.Length);
            if (!fits)
            {
                scope.Damaged("votes", "length", $"less than {Array.MaxLength} bytes", "more", Aside);
                return;
            }
            scan = JournalFormat.Scan(path, content, scope.ChainId);
        }
        catch (StorageException e)
        {
            scope.Damaged("votes", "header", $"a journal of {scope.ChainId}", e.What, "The node does not start on it. " + Aside);
            return;
        }
        scope.HasVotes = scan.NextIndex > 1;
        string where = scan.ValidLength == 0 ? "header" : $"record {scan.NextIndex} at byte {scan.ValidLength}";
        if (scan.Condition == JournalCondition.DamagedInterior)
        {
            scope.Damaged("votes", where, "a group whose checksum is right", "other bytes",
                "Promises that were durable may be lost: the node follows and serves, and votes again some blocks later.");
        }
        else if (scan.Condition == JournalCondition.TornTailTruncated && !scope.InUse)
        {
            scope.Suspect("votes", where, "a group whose checksum is right", "bytes to the end of the file that are none",
                "A crash before a vote was durable leaves this, and nobody got that vote; the node cuts it off. If the node was stopped in "
                + "order it is damage, and a vote that was sent may be forgotten: then run 'govchain node repair --journal'.");
        }
    }

    private static byte[] ReadJournal(string path, out bool fits)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        fits = file.Length <= Array.MaxLength;
        byte[] content = new byte[fits ? file.Length : 0];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return length == content.Length ? content : content[..length];
    }

    /// <summary>What else lies in the directory.</summary>
    private static void CheckTheRest(Scope scope)
    {
        if (!Directory.Exists(scope.Root))
            return;
        foreach (string entry in Directory.EnumerateFileSystemEntries(scope.Root))
        {
            string name = Path.GetFileName(entry);
            if (Directory.Exists(entry))
                name += "/";
            if (name is EvidenceStore.EvidenceFolder + "/" or EvidenceStore.JustificationFolder + "/" || name == scope.Ledger + "/" || scope.Knows(name))
                continue;
            (FileCondition condition, string remark) = name switch
            {
                "lock" => (FileCondition.Irrelevant, "empty; only the operating system's lock on it counts"),
                "install/" when !Directory.EnumerateFileSystemEntries(entry).Any() => (FileCondition.Irrelevant, "empty; the next start removes it"),
                "install/" when scope.InUse => (FileCondition.Irrelevant, "a complete snapshot; the next start verifies it when it has put it in place"),
                "install/" => (FileCondition.Sound, "a complete snapshot, which the next start puts in place; what is in it is listed"),
                "ledger/" or "tip" or "advanced" => (FileCondition.Irrelevant, "the next start puts a snapshot's in its place, from install/"),
                "ledger.outrun/" => (FileCondition.Irrelevant,
                    "the ledger that a snapshot took the place of. Older blocks are filled in from it, each under its certificate; one that does not fit is fetched from the peers"),
                ReadLogFiles.Folder + "/" => (FileCondition.Irrelevant, "who was read to; 'govchain reads --verify' verifies it"),
                "restored" => (FileCondition.Sound,
                    "that it is there says that the ledger is a copy, or that a journal was put aside: the node abstains. Its content is not read"),
                "genesis.json" or "manifest.json" when scope.Directory.IsRestored =>
                    (FileCondition.Irrelevant, "of the backup that this is; 'govchain node restore' reads it"),
                _ when name.EndsWith(".new", StringComparison.Ordinal) =>
                    (FileCondition.Irrelevant, "a file that was being replaced; the old one counts, and the next write overwrites this"),
                _ when name.StartsWith("damaged-", StringComparison.Ordinal) || name.Contains(".replaced-", StringComparison.Ordinal) =>
                    (FileCondition.Irrelevant, "what an earlier repair or restore moved aside; the node does not read it"),
                _ when name.StartsWith("staged-", StringComparison.Ordinal) && name.EndsWith('/') =>
                    (FileCondition.Irrelevant, "a copy that was being made; the next start removes it"),
                _ => (FileCondition.Unknown, "no file of a node; it is not read"),
            };
            scope.Add(name, condition, remark);
        }
    }

    /// <summary>One check in progress.</summary>
    private sealed class Scope(DataDirectory directory, bool inUse, Action<int>? onRead, CancellationToken cancellation)
    {
        private readonly Dictionary<string, FileReport> _files = new(StringComparer.Ordinal);

        public DataDirectory Directory => directory;

        public string Root => directory.Root;

        public Digest ChainId => directory.ChainId;

        // Where they are, or from where the next start takes them.
        public string Ledger { get; } = directory.NameOf("ledger");

        public string InLedger(string file) => $"{Ledger}/{file}";

        public string Tip { get; } = directory.NameOf("tip");

        public string Advanced { get; } = directory.NameOf("advanced");

        /// <summary>The journal had a record: a ledger was there before.</summary>
        public bool HasVotes { get; set; }

        /// <summary>A node is writing: an end that is being written is no deviation.</summary>
        public bool InUse { get; } = inUse;

        public Action<int>? OnRead { get; } = onRead;

        public CancellationToken Cancellation { get; } = cancellation;

        public IEnumerable<FileReport> Files => _files.Values;

        public List<DirectoryFinding> Findings { get; } = [];

        public string At(params string[] parts) => Path.Combine([Root, .. parts]);

        /// <summary>Nothing says how far the ledger must reach, so what is missing at its end cannot be told.</summary>
        public bool TipIsLost => HasFinding(Tip);

        public bool HasFinding(string file) => Findings.Any(f => f.IsDamage && f.File == file);

        public bool Knows(string file) => _files.ContainsKey(file);

        public void Add(string file, FileCondition condition, string remark) =>
            _files[file] = new FileReport(file, condition, remark);

        public void Damaged(string file, string where, string expected, string found, string meaning)
        {
            bool exists = FileKinds.Of(At(file.TrimEnd('/'))) != FileKind.Missing;
            Add(file, exists ? FileCondition.Damaged : FileCondition.Missing, where);
            Findings.Add(new DirectoryFinding(file, where, expected, found, meaning, IsDamage: true));
        }

        public void Suspect(string file, string where, string expected, string found, string meaning)
        {
            if (!_files.TryGetValue(file, out FileReport? known) || known.Condition == FileCondition.Sound)
                Add(file, FileCondition.Suspect, where);
            Findings.Add(new DirectoryFinding(file, where, expected, found, meaning, IsDamage: false));
        }
    }
}
