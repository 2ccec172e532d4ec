using System.Text.Json.Nodes;
using GovChain.Node.Devnet;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>A proxy between every two departments, and the state of the two lines through it.</summary>
internal sealed class PeerMesh : IAsyncDisposable
{
    private readonly PeerLine[,] _lines;
    private readonly List<PeerProxy> _proxies = [];

    /// <summary>Lines between so many departments.</summary>
    public PeerMesh(int departments, int seed)
    {
        _lines = new PeerLine[departments, departments];
        for (int from = 0; from < departments; from++)
        {
            for (int to = 0; to < departments; to++)
                _lines[from, to] = new PeerLine(unchecked(seed * 31 + from * DevnetLayout.DepartmentsMax + to));
        }
    }

    /// <summary>The way from a department to another.</summary>
    public PeerLine this[int from, int to] => _lines[from, to];

    /// <summary>Starts the proxies and has the configuration of every node dial them. The department with the smaller id
    /// dials, but each is given both ways.</summary>
    public void Interpose(DevnetLayout layout)
    {
        IReadOnlyList<DevnetDepartment> departments = layout.Read()!;
        for (int dialler = 0; dialler < departments.Count; dialler++)
        {
            string path = layout.At(departments[dialler].Id, "node.json");
            JsonNode configuration = JsonNode.Parse(File.ReadAllText(path))!;
            JsonNode endpoints = configuration["peers"]!["endpoints"]!;
            for (int listener = 0; listener < departments.Count; listener++)
            {
                if (listener == dialler)
                    continue;
                var proxy = new PeerProxy(
                    departments[listener].PeerPort, _lines[dialler, listener], _lines[listener, dialler]);
                _proxies.Add(proxy);
                endpoints[departments[listener].Id] = $"127.0.0.1:{proxy.Port}";
            }
            File.WriteAllText(path, configuration.ToJsonString());
        }
    }

    /// <summary>Puts every line from one of these to one of those into a state.</summary>
    public void Set(IEnumerable<int> from, IReadOnlyCollection<int> to, LineState state)
    {
        foreach (int a in from)
        {
            foreach (int b in to)
                _lines[a, b].State = state;
        }
    }

    /// <summary>A good network again.</summary>
    public void Heal()
    {
        foreach (PeerLine line in _lines)
            line.State = LineState.Good;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (PeerProxy proxy in _proxies)
            await proxy.DisposeAsync();
    }
}
