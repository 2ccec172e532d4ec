using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>
/// A ledger put together out of a snapshot, apart from the one in use, and put in its place when it is whole: pages, then
/// state values, then the blocks above a base. Whoever hands parts in has checked them; at the end all of it is checked
/// once more against the tip's header.
/// </summary>
/// <remarks>Belongs to one thread at a time. Disposed without <see cref="Complete"/>, nothing of it stays.</remarks>
public sealed class LedgerAssembly : IStatePageReader, IDisposable
{
    private const long WriteBufferBytes = 32L * 1024 * 1024;

    private readonly DataDirectory _directory;
    private readonly string _root;
    private readonly ReadOptions _options = new ReadOptions().SetVerifyChecksums(true);
    private LedgerDatabase? _database;
    private BlockHeader? _base;
    private Certificate? _certificate;

    private LedgerAssembly(DataDirectory directory, string root)
    {
        _directory = directory;
        _root = root;
        _database = LedgerDatabase.Open(
            LedgerPath, create: true, readOnly: false, new LedgerOptions { WriteBufferBytes = WriteBufferBytes });
    }

    /// <summary>Where the log that was put in ends; null before <see cref="Begin"/>.</summary>
    public LogTip? Log { get; private set; }

    private string LedgerPath => Path.Combine(_root, Path.GetFileName(_directory.LedgerPath));

    private LedgerDatabase Database => _database ?? throw new ObjectDisposedException(nameof(LedgerAssembly));

    /// <summary>Begins one within the data directory; what is left over after a crash is removed by the next start.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public static LedgerAssembly Create(DataDirectory directory)
    {
        string root = directory.CreateStaged();
        try
        {
            return new LedgerAssembly(directory, root);
        }
        catch
        {
            Directory.Delete(root, recursive: true);
            throw;
        }
    }

    /// <inheritdoc/>
    public StatePageCache Cache => Database.StatePages;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) =>
        Database.Get(LedgerColumn.Pages, id.ToKey(), _options) is { } page ? page : default(ReadOnlyMemory<byte>?);

    /// <summary>Takes pages of the state tree.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void Put(IEnumerable<(StatePageId Id, byte[] Bytes)> pages) => Write(rows => rows.AddPages(pages));

    /// <summary>Takes state values.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void Put(IEnumerable<StateChange> states) => Write(rows => rows.AddStates(states));

    /// <summary>A state value that was taken, or null.</summary>
    public byte[]? TryGetState(StateKey key) => Database.Get(LedgerColumn.State, key.Span, _options);

    /// <summary>Says below which header no blocks come, and where the log stood there.</summary>
    /// <param name="genesis">Block 0.</param>
    /// <param name="below">The header under the first block that will come.</param>
    /// <param name="edge">The growing tiles of the log after that header, by level.</param>
    /// <returns>False where the tiles are not those of the header's log root; nothing has begun then.</returns>
    /// <exception cref="StorageException">Io.</exception>
    public bool Begin(BlockHeader genesis, BlockHeader below, IReadOnlyList<(TileId Id, byte[] Bytes)> edge)
    {
        Write(rows => rows.AddTiles(edge));
        if (LogTip.TryRead(Database, below) is not { } log)
            return false;
        (_base, Log) = (below, log);
        bool isWhole = below.Height == 0;
        var gap = new LedgerGap(below, 0);
        Write(rows =>
        {
            rows.AddGenesis(genesis, isWhole ? LedgerOpening.FormatVersion : LedgerOpening.GapFormatVersion);
            rows.AddBlock(genesis, certificate: null, [], []);
            if (isWhole)
                return;
            rows.AddGap(gap);
            // Filling in goes on from the log of one leaf; where the edge has this tile, it begins with that leaf.
            if (gap.FirstTile(0) > 0)
                rows.AddTiles([(new TileId(0, 0), LogHash.Leaf([.. DomainTag.GenesisLeaf, .. genesis.ChainId.Span]).ToArray())]);
        });
        return true;
    }

    /// <summary>Takes blocks that follow, sealed one upon the other.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void Put(IReadOnlyList<SealedBlock> blocks)
    {
        LogTip log = Log ?? throw new InvalidOperationException("The base comes first.");
        Write(rows =>
        {
            foreach (SealedBlock block in blocks)
                rows.AddBlock(block.Header, block.Certificate, block.Transactions, block.Records);
            rows.AddTiles(log.Changed);
        });
        log.Stored();
        _certificate = blocks[^1].Certificate;
    }

    /// <summary>
    /// Makes it durable, opens and verifies it as every start does, and has the directory put it in the place of the ledger
    /// in use when it is opened next.
    /// </summary>
    /// <param name="from">The newest block of the ledger in use.</param>
    /// <exception cref="StorageException">Damaged: it does not fit together. Or Io.</exception>
    public void Complete(DurableTip from)
    {
        if (Log is not { } log || _certificate is null || _base is null)
            throw new InvalidOperationException("There are no blocks yet.");
        try
        {
            Complete(from, log, _base);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(_root, e);
        }
    }

    private void Complete(DurableTip from, LogTip log, BlockHeader below)
    {
        using (var batch = new WriteBatch())
        {
            new LedgerRows(Database, batch).AddFormat(
                below.Height == 0 ? LedgerOpening.FormatVersion : LedgerOpening.GapFormatVersion);
            Database.WriteSynced(batch);
        }
        Close();
        var to = new DurableTip(log.Header.Height, log.Header.Hash);
        // In both slots: the first start writes one anew, and may be cut off in it.
        TipFile.Replace(Path.Combine(_root, Path.GetFileName(_directory.TipPath)), _directory.ChainId, to);
        LedgerDatabase written = LedgerDatabase.Open(LedgerPath, create: false, readOnly: true, new LedgerOptions());
        try
        {
            LedgerOpening.Verify(_directory, written, tip: null, besideWriter: false)?.RemoveUser();
        }
        finally
        {
            written.RemoveUser();
        }
        DurableFiles.SyncDirectory(LedgerPath);
        _directory.CommitInstall(_root, new LedgerAdvance(from, to));
    }

    /// <summary>Removes it, unless it is complete.</summary>
    public void Dispose()
    {
        Close();
        try
        {
            if (Directory.Exists(_root))
                Directory.Delete(_root, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start removes it.
        }
    }

    private void Close()
    {
        _database?.RemoveUser();
        _database = null;
    }

    private void Write(Action<LedgerRows> add)
    {
        using var batch = new WriteBatch();
        add(new LedgerRows(Database, batch));
        Database.WriteUnsynced(batch);
    }
}
