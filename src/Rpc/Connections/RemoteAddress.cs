using System.Net;
using System.Net.Sockets;

namespace GovChain.Rpc.Connections;

/// <summary>The address that connections and requests are counted by.</summary>
internal static class RemoteAddress
{
    /// <summary>An IPv4 address itself, also where it comes mapped; of IPv6 the /64, which is what one subscriber is
    /// given; <see cref="IPAddress.None"/> where there is none.</summary>
    public static IPAddress Counted(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
