import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.milo.opcua.sdk.server.EndpointConfig;
import org.eclipse.milo.opcua.sdk.server.ManagedNamespaceWithLifecycle;
import org.eclipse.milo.opcua.sdk.server.OpcUaServer;
import org.eclipse.milo.opcua.sdk.server.OpcUaServerConfig;
import org.eclipse.milo.opcua.sdk.server.identity.AnonymousIdentityValidator;
import org.eclipse.milo.opcua.sdk.server.items.DataItem;
import org.eclipse.milo.opcua.sdk.server.items.MonitoredItem;
import org.eclipse.milo.opcua.sdk.server.nodes.UaVariableNode;
import org.eclipse.milo.opcua.stack.core.NodeIds;
import org.eclipse.milo.opcua.stack.core.security.CertificateValidator;
import org.eclipse.milo.opcua.stack.core.security.DefaultApplicationGroup;
import org.eclipse.milo.opcua.stack.core.security.DefaultCertificateManager;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateQuarantine;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateStore;
import org.eclipse.milo.opcua.stack.core.security.MemoryTrustListManager;
import org.eclipse.milo.opcua.stack.core.security.RsaSha256CertificateFactory;
import org.eclipse.milo.opcua.stack.core.security.SecurityPolicy;
import org.eclipse.milo.opcua.stack.core.transport.TransportProfile;
import org.eclipse.milo.opcua.stack.core.types.builtin.DataValue;
import org.eclipse.milo.opcua.stack.core.types.builtin.DateTime;
import org.eclipse.milo.opcua.stack.core.types.builtin.LocalizedText;
import org.eclipse.milo.opcua.stack.core.types.builtin.NodeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.StatusCode;
import org.eclipse.milo.opcua.stack.core.types.builtin.Variant;
import org.eclipse.milo.opcua.stack.core.types.enumerated.MessageSecurityMode;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransport;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransportConfig;

/**
 * A fast OPC UA server by Eclipse Milo, plain and signed and encrypted. All its nodes change once a second, each to a pure
 * function of seed, node and second (site.ts has the same), and are handed to whoever monitors them at once, without sampling.
 * Arguments: name=value. A line on standard input asks for the ticks that were made; it ends with its input.
 */
public class BenchServer extends ManagedNamespaceWithLifecycle {
  private static final Map<String, String> options = new TreeMap<>();

  private final UaVariableNode[] nodes;
  private final Map<NodeId, Integer> places = new HashMap<>();
  private final Map<Integer, Set<DataItem>> items = new ConcurrentHashMap<>();
  private final StringBuffer ticks = new StringBuffer();

  BenchServer(OpcUaServer server) {
    super(server, options.get("namespace"));
    nodes = new UaVariableNode[number("devices") * number("registers")];
    getLifecycleManager().addStartupTask(this::addNodes);
  }

  private static int number(String name) {
    return Integer.parseInt(options.get(name));
  }

  private void addNodes() {
    int registers = number("registers");
    for (int place = 0; place < nodes.length; place++) {
      String id = String.format("%d.r%03d", place / registers, place % registers);
      nodes[place] =
          new UaVariableNode.UaVariableNodeBuilder(getNodeContext())
              .setNodeId(newNodeId(id))
              .setBrowseName(newQualifiedName(id))
              .setDisplayName(LocalizedText.english(id))
              .setDataType(NodeIds.Double)
              .setTypeDefinition(NodeIds.BaseDataVariableType)
              .build();
      places.put(nodes[place].getNodeId(), place);
      getNodeManager().addNode(nodes[place]);
    }
  }

  private static double valueOf(int seed, int place, int tick) {
    int hash = seed + place * 0x9e3779b1 + tick * 0x85ebca77;
    hash = (hash ^ hash >>> 15) * 0x2c1b3c6d;
    return (hash ^ hash >>> 13) >>> 1;
  }

  /** Sets all nodes once per tick, as soon as its time has come; one that is late is skipped, and not said to be made. */
  private void run() throws InterruptedException {
    int seed = (int) Long.parseLong(options.get("seed"));
    long every = number("tick");
    long phase = number("phase");
    for (; ; ) {
      long tick = (System.currentTimeMillis() - phase) / every + 1;
      long at = tick * every + phase;
      while (System.currentTimeMillis() < at) Thread.sleep(Math.max(1, at - System.currentTimeMillis()));
      DateTime time = new DateTime(new java.util.Date(at));
      for (int place = 0; place < nodes.length; place++) {
        DataValue value = new DataValue(Variant.ofDouble(valueOf(seed, place, (int) tick)), StatusCode.GOOD, time, time);
        nodes[place].setValue(value);
        for (DataItem item : items.getOrDefault(place, Set.of())) item.setValue(value);
      }
      ticks.append(ticks.length() == 0 ? "" : " ").append(tick);
    }
  }

  @Override
  public void onDataItemsCreated(List<DataItem> created) {
    for (DataItem item : created) {
      Integer place = places.get(item.getReadValueId().getNodeId());
      if (place == null) continue;
      items.computeIfAbsent(place, key -> ConcurrentHashMap.newKeySet()).add(item);
      item.setValue(nodes[place].getValue());
    }
  }

  @Override
  public void onDataItemsModified(List<DataItem> modified) {}

  @Override
  public void onDataItemsDeleted(List<DataItem> deleted) {
    for (Set<DataItem> all : items.values()) all.removeAll(deleted);
  }

  @Override
  public void onMonitoringModeChanged(List<MonitoredItem> changed) {}

  private static X509Certificate certificate(String file) throws Exception {
    try (FileInputStream in = new FileInputStream(file)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static PrivateKey key(String file) throws Exception {
    String text = Files.readString(Path.of(file)).replaceAll("-----[^-]+-----|\\s", "");
    return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
  }

  private static DefaultCertificateManager certificates(X509Certificate own, KeyPair pair) throws Exception {
    RsaSha256CertificateFactory factory =
        new RsaSha256CertificateFactory() {
          @Override
          public KeyPair createRsaSha256KeyPair() {
            return pair;
          }

          @Override
          public X509Certificate[] createRsaSha256CertificateChain(KeyPair keys) {
            return new X509Certificate[] {own};
          }
        };
    CertificateValidator all = (chain, uri, hosts) -> {};
    return new DefaultCertificateManager(
        new MemoryCertificateQuarantine(),
        DefaultApplicationGroup.createAndInitialize(
            new MemoryTrustListManager(), new MemoryCertificateStore(), factory, all));
  }

  private static Set<EndpointConfig> endpoints(X509Certificate own) {
    EndpointConfig.Builder any =
        EndpointConfig.newBuilder()
            .setTransportProfile(TransportProfile.TCP_UASC_UABINARY)
            .setBindAddress("127.0.0.1")
            .setBindPort(number("port"))
            .setHostname("127.0.0.1")
            .setPath("/bench")
            .setCertificate(own)
            .addTokenPolicy(OpcUaServerConfig.USER_TOKEN_POLICY_ANONYMOUS);
    Set<EndpointConfig> all = new LinkedHashSet<>();
    all.add(any.copy().setSecurityPolicy(SecurityPolicy.None).setSecurityMode(MessageSecurityMode.None).build());
    all.add(
        any.copy()
            .setSecurityPolicy(SecurityPolicy.Basic256Sha256)
            .setSecurityMode(MessageSecurityMode.SignAndEncrypt)
            .build());
    return all;
  }

  public static void main(String[] arguments) throws Exception {
    for (String one : arguments) options.put(one.split("=", 2)[0], one.split("=", 2)[1]);
    X509Certificate own = certificate(options.get("certificate"));
    KeyPair pair = new KeyPair(own.getPublicKey(), key(options.get("key")));
    OpcUaServerConfig config =
        OpcUaServerConfig.builder()
            .setApplicationUri(options.get("applicationUri"))
            .setApplicationName(LocalizedText.english("Milo"))
            .setProductUri("urn:milo")
            .setEndpoints(endpoints(own))
            .setIdentityValidator(AnonymousIdentityValidator.INSTANCE)
            .setCertificateManager(certificates(own, pair))
            .build();
    OpcUaServer server =
        new OpcUaServer(config, profile -> new OpcTcpServerTransport(OpcTcpServerTransportConfig.newBuilder().build()));
    BenchServer namespace = new BenchServer(server);
    namespace.startup();
    server.startup().get();
    Thread changing =
        new Thread(
            () -> {
              try {
                namespace.run();
              } catch (InterruptedException e) {
                System.exit(1);
              }
            });
    changing.start();
    System.out.println("ready");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    while (in.readLine() != null) System.out.println(namespace.ticks);
    System.exit(0);
  }
}
