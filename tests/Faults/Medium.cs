namespace GovChain.Tests.Faults;

/// <summary>What a crash leaves of what a process wrote.</summary>
internal enum Crash
{
    /// <summary>The process dies, the machine lives: everything written is there.</summary>
    Process,

    /// <summary>Power cut: nothing is there that was not synced, names included.</summary>
    Unsynced,

    /// <summary>Power cut: all names are there, of the contents only what was synced.</summary>
    NamesFirst,

    /// <summary>Power cut: some of the names, of each file a part of what was not synced, cut anywhere or with a hole of
    /// zeros in it.</summary>
    Torn,
}

/// <summary>
/// The disk below a trace: what programs see of it, and what of that is durable. A file's content is durable when the
/// file was synced, a name when its directory was. A failed sync forgets: what was not synced stays visible, and no later
/// sync makes it durable unless it is written again, as Linux does it.
/// </summary>
internal sealed class Medium
{
    private readonly Dictionary<string, Node> _visible = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Node> _durable = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, FileNode> _files = [];
    private List<NameChange> _pending = [];

    /// <summary>Every file's visible content, by path.</summary>
    public IEnumerable<(string Path, ReadOnlyMemory<byte> Content)> Visible => _visible
        .Where(e => e.Value is FileNode).Select(e => (e.Key, ((FileNode)e.Value).Visible.Memory));

    /// <summary>Goes one call further, and adds what it acknowledges.</summary>
    public void Apply(TraceRecord call, Acknowledged acknowledged)
    {
        if (call.Op == TraceOp.Acknowledge)
            acknowledged.Add(call.Text);
        else
            Apply(call);
    }

    /// <summary>Goes one call further.</summary>
    public void Apply(TraceRecord call)
    {
        if (call.Failed)
        {
            if (call.Op == TraceOp.Sync)
                _files[call.Inode].Forget();
            return;
        }
        switch (call.Op)
        {
            case TraceOp.Create:
                Change(new NameChange(Parent(call.Path), call.Path, null, _files[call.Inode] = new FileNode()));
                break;
            case TraceOp.MakeDirectory:
                Change(new NameChange(Parent(call.Path), call.Path, null, new Node()));
                break;
            case TraceOp.Link:
                Change(new NameChange(Parent(call.Second), call.Second, null, _visible[call.Path]));
                break;
            case TraceOp.Rename:
                Change(new NameChange(Parent(call.Second), call.Second, call.Path, _visible[call.Path]));
                break;
            case TraceOp.Unlink:
                Change(new NameChange(Parent(call.Path), call.Path, null, null));
                break;
            case TraceOp.Write:
                _files[call.Inode].Add(new ContentChange(call.Offset, call.Data));
                break;
            case TraceOp.Truncate:
                _files[call.Inode].Add(new ContentChange(call.Length, null));
                break;
            case TraceOp.Sync:
                _files[call.Inode].Sync();
                break;
            case TraceOp.SyncDirectory:
                foreach (NameChange change in _pending.Where(c => c.Directory == call.Path).ToArray())
                {
                    change.ApplyTo(_durable);
                    _pending.Remove(change);
                    // What is not durable in a directory yet goes where that went.
                    if (change.From is { } from && change.Node is not FileNode)
                        _pending = [.. _pending.Select(c => c.Follow(from, change.Path))];
                }
                break;
        }
    }

    /// <summary>Writes what a crash at this moment leaves, below an empty directory.</summary>
    public void Leave(string directory, Crash crash, Random random)
    {
        var names = new Dictionary<string, Node>(crash is Crash.Process or Crash.NamesFirst ? _visible : _durable);
        if (crash == Crash.Torn)
        {
            foreach (NameChange change in _pending.Take(random.Next(_pending.Count + 1)))
                change.ApplyTo(names);
        }
        foreach ((string path, Node node) in names.OrderBy(n => n.Key, StringComparer.Ordinal))
        {
            if (!Ancestors(path).All(names.ContainsKey))
                continue; // a name in a directory that is not there
            string target = Path.Combine(directory, path);
            if (node is not FileNode file)
            {
                Directory.CreateDirectory(target);
                continue;
            }
            using FileStream stream = File.Create(target);
            stream.Write(crash switch
            {
                Crash.Process => file.Visible.Memory.Span,
                Crash.Torn => file.Tear(random).Memory.Span,
                _ => file.Durable.Memory.Span,
            });
        }
    }

    private void Change(NameChange change)
    {
        change.ApplyTo(_visible);
        _pending.Add(change);
    }

    private static string Parent(string path) => Path.GetDirectoryName(path) ?? "";

    private static IEnumerable<string> Ancestors(string path)
    {
        for (string parent = Parent(path); parent.Length > 0; parent = Parent(parent))
            yield return parent;
    }

    private class Node;

    private sealed record NameChange(string Directory, string Path, string? From, Node? Node)
    {
        public void ApplyTo(Dictionary<string, Node> names)
        {
            if (From is not null)
            {
                names.Remove(From);
                foreach (string below in names.Keys.Where(n => IsBelow(n, From)).ToArray())
                {
                    names.Remove(below, out Node? moved);
                    names[Moved(below, From, Path)] = moved!;
                }
            }
            if (Node is null)
                names.Remove(Path);
            else
                names[Path] = Node;
        }

        public NameChange Follow(string from, string to) => IsBelow(Path, from)
            ? this with { Directory = Moved(Directory, from, to), Path = Moved(Path, from, to), From = From is null ? null : Moved(From, from, to) }
            : this;

        private static bool IsBelow(string path, string directory) =>
            path.Length > directory.Length && path[directory.Length] == '/' && path.StartsWith(directory, StringComparison.Ordinal);

        private static string Moved(string path, string from, string to) =>
            path == from || IsBelow(path, from) ? to + path[from.Length..] : path;
    }

    /// <param name="At">Where data goes; without data, the file's new length.</param>
    /// <param name="Data">What was written, or null.</param>
    private sealed record ContentChange(long At, ReadOnlyMemory<byte>? Data);

    private sealed class FileNode : Node
    {
        private readonly List<ContentChange> _pending = [];

        public Content Visible { get; } = new();

        public Content Durable { get; } = new();

        public void Add(ContentChange change)
        {
            Visible.Apply(change);
            _pending.Add(change);
        }

        public void Sync()
        {
            _pending.ForEach(Durable.Apply);
            _pending.Clear();
        }

        public void Forget() => _pending.Clear();

        /// <summary>The synced content, and of the rest a beginning whose last write is cut, or is a hole.</summary>
        public Content Tear(Random random)
        {
            var torn = new Content(Durable);
            int kept = random.Next(_pending.Count + 1);
            foreach (ContentChange change in _pending.Take(kept))
                torn.Apply(change);
            if (kept == _pending.Count || _pending[kept].Data is not { } data)
                return torn;
            int length = random.Next(data.Length + 1);
            torn.Apply(new ContentChange(_pending[kept].At, random.Next(3) == 0 ? new byte[length] : data[..length]));
            return torn;
        }
    }

    private sealed class Content
    {
        private byte[] _bytes = [];
        private int _length;

        public Content()
        {
        }

        public Content(Content other)
        {
            _bytes = other._bytes.AsSpan(0, other._length).ToArray();
            _length = other._length;
        }

        public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, _length);

        public void Apply(ContentChange change)
        {
            if (change.Data is not { } data)
            {
                Resize((int)change.At);
                return;
            }
            if (change.At + data.Length > _length)
                Resize((int)change.At + data.Length);
            data.Span.CopyTo(_bytes.AsSpan((int)change.At));
        }

        private void Resize(int length)
        {
            if (length > _bytes.Length)
                Array.Resize(ref _bytes, Math.Max(length, 2 * _bytes.Length));
            if (length < _length)
                _bytes.AsSpan(length, _length - length).Clear();
            _length = length;
        }
    }
}
